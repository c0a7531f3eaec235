import { setMaxListeners } from 'node:events'
import type { MailSender, MailServer } from '../../config.ts'
import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import type { Resolve } from '../resolve.ts'
import type { Failed, SendResult, Unbuildable } from '../send-result.ts'
import type { Sender, SendRequest } from '../sender.ts'
import { domainOf, isMailAddress } from './address.ts'
import { composed } from './compose.ts'
import { createGate } from './gate.ts'
import { guarded } from './guarded.ts'
import { mailOf } from './mail.ts'
import { smtpErrorLine } from './smtp-error-line.ts'
import { SMTP_LIMITS, type SmtpLimits } from './smtp-limits.ts'
import { createSmtpPool } from './smtp-pool.ts'
import { isConnectionLost, isOurTrouble, isRefusal, smtpResult } from './smtp-result.ts'
import type { SessionMail, SmtpSession } from './smtp-session.ts'
import { utf8Result } from './utf8-result.ts'

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
 * Sends mails over sessions with the one mail server. Each mail has one recipient and a session to itself, and leaves only
 * when its gate opens: the session begins to read its text when the server has asked for it.
 */
export function createSmtpSender({ server, from, resolve, log, limits = SMTP_LIMITS, ca }: SmtpSenderParts): Sender {
  const trouble = createFailureLog(log, 'mail server')
  let isUtf8Told = false
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const pool = createSmtpPool({ server, limits, ca, resolve, log })

  /** Answers with a result if nothing was sent because of what the server cannot do. */
  async function sendOver({ signal, ...mail }: SessionMail & { readonly signal: AbortSignal }, isFresh: boolean): Promise<Failed | Unbuildable | undefined> {
    const session = await pool.take(signal, { isFresh })
    const mailsBefore = session.mails
    closeOnAbort(session, signal)
    try {
      const unsendable = utf8Result(mail.envelope, session.extensions)
      if (!unsendable) await session.send(mail)
      pool.giveBack(session)
      return unsendable
    } catch (error) {
      // A server may end a session that was idle at any moment, also in this one.
      const isStale = mailsBefore > 0 && !mail.gate.isOpen && !mail.gate.isRefused && isConnectionLost(error)
      if (isRefusal(error) && !mail.gate.isRefused) void session.reset().then(() => pool.giveBack(session))
      else session.close()
      if (!isStale || isFresh || signal.aborted) throw error
      return await sendOver({ signal, ...mail }, true)
    } finally {
      signal.removeEventListener('abort', session.close)
    }
  }

  /** Once: an operator may look for another server, or for other addresses. */
  function tellOfUtf8(address: string): void {
    if (!isUtf8Told) log.warn({ domain: domainOf(address) }, 'the mail server takes no address whose part before the @ is not ASCII (SMTPUTF8): mails to such addresses are given up, and those of such a sender wait')
    isUtf8Told = true
  }

  async function attempt({ address, body, signal, maySend, renew }: SendRequest): Promise<SendResult> {
    if (signal.aborted || closing.signal.aborted) return ABORTED
    if (!isMailAddress(address)) return { kind: 'unbuildable', reason: 'bad_address' }
    const { raw, envelope } = await composed(mailOf(body, { address, from }))
    const cut = startCut([signal, closing.signal], limits.untilFinalMs)
    const gate = createGate({ maySend, renew, onEnd: cut.endDeadline })
    const startedAt = performance.now()
    const durationMs = () => Math.round(performance.now() - startedAt)
    try {
      const unsendable = await sendOver({ envelope, raw, gate, signal: cut.signal }, false)
      if (unsendable) tellOfUtf8(unsendable.kind === 'failed' ? from.address : address)
      trouble.worked()
      return unsendable ?? { kind: 'accepted', durationMs: durationMs() }
    } catch (error) {
      const result = smtpResult({ error, gate, cutBy: cut.by(), durationMs: durationMs() })
      if (isOurTrouble(result)) trouble.failed(smtpErrorLine(error, server.login))
      return result
    } finally {
      cut.end()
    }
  }

  return {
    send: guarded(attempt, log),
    close() {
      closing.abort()
      pool.close()
      return Promise.resolve()
    },
  }
}

/** Also when the signal has fired while the session was handed over. */
function closeOnAbort(session: SmtpSession, signal: AbortSignal): void {
  signal.addEventListener('abort', session.close, { once: true })
  if (signal.aborted) session.close()
}

/** Ends an attempt when one of the signals says so, or its time is over. Listens until `end`. */
interface Cut {
  readonly signal: AbortSignal
  by(): 'caller' | 'deadline' | undefined
  /** The rest has limits of its own. */
  endDeadline(): void
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
    endDeadline: stopDeadline,
    end() {
      stopDeadline()
      for (const caller of callers) caller.removeEventListener('abort', onCaller)
    },
  }
}
