import { setMaxListeners } from 'node:events'
import type { MailSender, MailServer } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import type { Resolve } from '../names/resolve.ts'
import type { Failed, SendResult, Unbuildable } from '../send-result.ts'
import type { Sender, SendRequest } from '../sender.ts'
import { domainOf, isMailAddress } from './mail-address.ts'
import { composeMail } from './compose-mail.ts'
import { createMailGate } from './mail-gate.ts'
import { neverRejecting } from './never-rejecting.ts'
import { mailOf } from './mail.ts'
import { smtpErrorLine } from './smtp-error-line.ts'
import { SMTP_LIMITS, type SmtpLimits } from './smtp-limits.ts'
import { createSmtpPool } from './smtp-pool.ts'
import { isConnectionLost, isServerProblem, isRefusal, smtpResult } from './smtp-result.ts'
import type { SessionMail, SmtpSession } from './smtp-session.ts'
import { utf8Result } from './utf8-result.ts'

export interface SmtpSenderDeps {
  readonly server: MailServer
  readonly from: MailSender
  readonly resolve: Resolve
  readonly log: Log
  readonly limits?: SmtpLimits
  /** Certificates (PEM) to trust instead of the default ones. */
  readonly ca?: string | undefined
}

const ABORTED = { kind: 'aborted', wasWritten: false } as const

/**
 * Creates a sender of mails over sessions with one mail server. Each mail has one recipient and a session to itself,
 * and leaves only if its gate opens, which the session asks when the server wants the text.
 */
export function createSmtpSender({ server, from, resolve, log, limits = SMTP_LIMITS, ca }: SmtpSenderDeps): Sender {
  const failures = createFailureLog(log, 'mail server')
  let hasWarnedOfUtf8 = false
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const pool = createSmtpPool({ server, limits, ca, resolve, log })

  /** Sends a mail. Returns a result if nothing was sent, because the server lacks an extension that the mail needs. */
  async function sendOver(
    { signal, ...mail }: SessionMail & { readonly signal: AbortSignal },
    isFresh: boolean,
  ): Promise<Failed | Unbuildable | undefined> {
    const session = await pool.acquire(signal, { isFresh })
    const mailsBefore = session.mails
    closeOnAbort(session, signal)
    try {
      const unsendable = utf8Result(mail.envelope, session.extensions)
      if (!unsendable) await session.send(mail)
      pool.release(session)
      return unsendable
    } catch (error) {
      // A server may end an idle session at any moment, even just now.
      const isStale = mailsBefore > 0 && !mail.gate.isOpen && !mail.gate.isRefused && isConnectionLost(error)
      if (isRefusal(error) && !mail.gate.isRefused) void session.reset().then(() => pool.release(session))
      else session.close()
      if (!isStale || isFresh || signal.aborted) throw error
      return await sendOver({ signal, ...mail }, true)
    } finally {
      signal.removeEventListener('abort', session.close)
    }
  }

  /** Logs once: an operator may want another server, or other addresses. */
  function warnOfUtf8Once(address: string): void {
    if (!hasWarnedOfUtf8)
      log.warn(
        { domain: domainOf(address) },
        'the mail server accepts no address whose part before the @ is not ASCII (SMTPUTF8): ' +
          'mails to such addresses are given up, and those of such a sender wait',
      )
    hasWarnedOfUtf8 = true
  }

  async function attempt({ address, body, signal, maySend, renew }: SendRequest): Promise<SendResult> {
    if (signal.aborted || closing.signal.aborted) return ABORTED
    if (!isMailAddress(address)) return { kind: 'unbuildable', reason: 'bad_address' }
    const { raw, envelope } = await composeMail(mailOf(body, { address, from }))
    const abort = startAttemptAbort([signal, closing.signal], limits.untilFinalMs)
    const gate = createMailGate({ maySend, renew, onEnd: abort.endDeadline })
    const startedAt = performance.now()
    const durationMs = () => Math.round(performance.now() - startedAt)
    try {
      const unsendable = await sendOver({ envelope, raw, gate, signal: abort.signal }, false)
      if (unsendable) warnOfUtf8Once(unsendable.kind === 'failed' ? from.address : address)
      failures.markHealthy()
      return unsendable ?? { kind: 'accepted', durationMs: durationMs() }
    } catch (error) {
      const result = smtpResult({ error, gate, abortedBy: abort.by(), durationMs: durationMs() })
      if (isServerProblem(result)) failures.failed(smtpErrorLine(error, server.login))
      return result
    } finally {
      abort.end()
    }
  }

  return {
    send: neverRejecting(attempt, log),
    close() {
      closing.abort()
      pool.close()
      return Promise.resolve()
    },
  }
}

/** Closes the session when the signal is aborted, even if that happened while the session was being acquired. */
function closeOnAbort(session: SmtpSession, signal: AbortSignal): void {
  signal.addEventListener('abort', session.close, { once: true })
  if (signal.aborted) session.close()
}

/** Aborts an attempt when one of the signals is aborted, or its time is over. Listens until `end`. */
interface AttemptAbort {
  readonly signal: AbortSignal
  by(): 'caller' | 'deadline' | undefined
  /** Ends the time limit: what follows has limits of its own. */
  endDeadline(): void
  /** Stops listening. */
  end(): void
}

function startAttemptAbort(callers: readonly AbortSignal[], totalMs: number): AttemptAbort {
  const aborter = new AbortController()
  let abortedBy: ReturnType<AttemptAbort['by']>
  const abort = (by: 'caller' | 'deadline') => {
    abortedBy ??= by
    aborter.abort()
  }
  const onCaller = () => abort('caller')
  const stopDeadline = startDeadline(totalMs, () => abort('deadline'))
  for (const caller of callers) caller.addEventListener('abort', onCaller, { once: true })
  return {
    signal: aborter.signal,
    by: () => abortedBy,
    endDeadline: stopDeadline,
    end() {
      stopDeadline()
      for (const caller of callers) caller.removeEventListener('abort', onCaller)
    },
  }
}
