import { setMaxListeners } from 'node:events'
import { createTransport } from 'nodemailer'
import type { MailSender, MailServer } from '../../config.ts'
import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import type { Resolve } from '../resolve.ts'
import type { SendResult } from '../send-result.ts'
import type { Sender, SendRequest } from '../sender.ts'
import { isMailAddress } from './address.ts'
import { composed } from './compose.ts'
import { createGate, type Gate } from './gate.ts'
import { guarded } from './guarded.ts'
import { mailOf } from './mail.ts'
import { mailSocket } from './mail-socket.ts'
import { isOurTrouble, smtpResult } from './smtp-result.ts'
import { poolOptions, SMTP_LIMITS, type SmtpLimits } from './smtp-pool.ts'

export interface SmtpSenderParts {
  readonly server: MailServer
  readonly from: MailSender
  readonly resolve: Resolve
  readonly log: Log
  readonly limits?: SmtpLimits
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string | undefined
}

const ABORTED = { kind: 'aborted', wasWritten: false } as const

/**
 * Sends mails over a pool of connections to the one mail server. Each mail has one recipient, and leaves only when its gate
 * opens: the pool gets the text as a stream that the connection begins to read when the server has asked for it.
 */
export function createSmtpSender({ server, from, resolve, log, limits = SMTP_LIMITS, ca }: SmtpSenderParts): Sender {
  const trouble = createFailureLog(log, 'mail server')
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  /** Of the mails under way, by their Message-ID. */
  const gates = new Map<string, Gate>()
  const transport = createTransport({ ...poolOptions({ server, limits, ca }), getSocket: mailSocket({ host: server.host, port: server.port, connectMs: limits.connectMs, resolve }), pool: true })
  transport.use('stream', (mail, done) => {
    const gate = gates.get(mail.data.messageId ?? '')
    if (gate) mail.message.processFunc(gate.through)
    done(gate ? null : new Error('a mail without a gate'))
  })

  async function attempt({ address, body, signal, maySend, renew }: SendRequest): Promise<SendResult> {
    if (signal.aborted || closing.signal.aborted) return ABORTED
    if (!isMailAddress(address)) return { kind: 'unbuildable', reason: 'bad_address' }
    const mail = mailOf(body, { address, from })
    const raw = await composed(mail)
    const gate = createGate({ maySend, renew })
    const cut = startCut([signal, closing.signal], limits.totalMs)
    const startedAt = performance.now()
    const durationMs = () => Math.round(performance.now() - startedAt)
    gates.set(mail.messageId, gate)
    try {
      await transport.sendMail({ raw, messageId: mail.messageId, envelope: { from, to: [mail.to], size: raw.length }, signal: cut.signal })
      trouble.worked()
      return { kind: 'accepted', durationMs: durationMs() }
    } catch (error) {
      const result = smtpResult({ error, gate, cutBy: cut.by(), durationMs: durationMs() })
      if (isOurTrouble(result)) trouble.failed(error)
      return result
    } finally {
      gates.delete(mail.messageId)
      cut.end()
    }
  }

  return {
    send: guarded(attempt, log),
    close() {
      closing.abort()
      transport.close({ force: true })
      return Promise.resolve()
    },
  }
}

/** Ends an attempt when one of the signals says so, or its time is over. */
interface Cut {
  readonly signal: AbortSignal
  by(): 'caller' | 'deadline' | undefined
  /** Nobody waits for it any more. */
  end(): void
}

function startCut(callers: readonly AbortSignal[], totalMs: number): Cut {
  const cutting = new AbortController()
  let by: ReturnType<Cut['by']>
  const cut = (who: 'caller' | 'deadline') => {
    by ??= who
    cutting.abort()
  }
  const onCaller = () => cut('caller')
  const stopDeadline = startDeadline(totalMs, () => cut('deadline'))
  for (const caller of callers) caller.addEventListener('abort', onCaller, { once: true })
  return {
    signal: cutting.signal,
    by: () => by,
    end() {
      stopDeadline()
      for (const caller of callers) caller.removeEventListener('abort', onCaller)
    },
  }
}
