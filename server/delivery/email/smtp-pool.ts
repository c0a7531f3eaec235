import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import type { Resolve } from '../names/resolve.ts'
import { allowsPlaintext, type SmtpConnectionSettings } from './smtp-connection-options.ts'
import { smtpErrorLine } from './smtp-error-line.ts'
import type { SmtpLimits } from './smtp-limits.ts'
import { openSession, StartTlsError, type SmtpSession } from './smtp-session.ts'

/** Mails per connection: some servers limit them. */
const MAILS_PER_SESSION = 100

export interface SmtpPoolDeps extends Omit<SmtpConnectionSettings, 'isPlaintext'> {
  readonly limits: SmtpLimits
  readonly resolve: Resolve
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/** Sessions with the mail server, kept for a moment when idle. */
export interface SmtpPool {
  /**
   * Returns an idle session, unless it must be fresh, or a new one. Rejects with nodemailer's errors, and when the
   * signal is aborted.
   */
  acquire(signal: AbortSignal, options?: { readonly isFresh: boolean }): Promise<SmtpSession>
  /** Takes a session back. */
  release(session: SmtpSession): void
  /** Closes all sessions, whatever they are doing. */
  close(): void
}

/** Creates the pool. The caller limits how many sessions are open at a time. */
export function createSmtpPool({
  server,
  limits,
  ca,
  resolve,
  log,
  clock = () => performance.now(),
}: SmtpPoolDeps): SmtpPool {
  const sessions = new Set<SmtpSession>()
  const idle = new Map<SmtpSession, () => void>()
  const startTls = createStartTlsState({ log, plainMs: limits.plainMs, clock })

  const open = (isPlaintext: boolean, signal: AbortSignal) =>
    openSession({ server, limits, ca, isPlaintext, resolve }, signal)

  const openAsConfigured = (isPlaintext: boolean, signal: AbortSignal) =>
    open(isPlaintext, signal).catch((error: unknown) => {
      throw error instanceof StartTlsError ? error.cause : error
    })

  /**
   * Falls back to plaintext within the same attempt if encryption is optional, and the server offers it but fails
   * (Postfix: `smtp_tls_security_level = may`).
   */
  async function openWithFallback(signal: AbortSignal): Promise<SmtpSession> {
    if (!allowsPlaintext(server)) return openAsConfigured(false, signal)
    if (!startTls.isWorthATry()) return openAsConfigured(true, signal)
    try {
      const session = await open(false, signal)
      startTls.worked()
      return session
    } catch (error) {
      if (!(error instanceof StartTlsError) || signal.aborted) throw error
      startTls.failed(error.cause)
      return openAsConfigured(true, signal)
    }
  }

  function takeIdle(): SmtpSession | undefined {
    const session = [...idle.keys()].at(-1)
    if (session) removeIdle(session)
    return session
  }

  function removeIdle(session: SmtpSession): void {
    idle.get(session)?.()
    idle.delete(session)
  }

  return {
    async acquire(signal, { isFresh } = { isFresh: false }) {
      const known = isFresh ? undefined : takeIdle()
      if (known) return known
      const session = await openWithFallback(signal)
      sessions.add(session)
      session.onEnd(() => {
        sessions.delete(session)
        removeIdle(session)
      })
      return session
    },
    release(session) {
      if (!session.isOpen) return
      if (session.mails >= MAILS_PER_SESSION) session.quit()
      else
        idle.set(
          session,
          startDeadline(limits.idleMs, () => {
            removeIdle(session)
            session.quit()
          }),
        )
    },
    close() {
      for (const session of sessions) session.close()
    },
  }
}

/** Remembers for `plainMs` that the server's encryption does not work. */
function createStartTlsState({
  log,
  plainMs,
  clock,
}: {
  readonly log: Log
  readonly plainMs: number
  readonly clock: () => number
}) {
  let plainUntil = -Infinity
  let isFailing = false
  return {
    isWorthATry: () => clock() >= plainUntil,
    worked() {
      if (isFailing) log.info('the mail server can encrypt again')
      isFailing = false
    },
    failed(error: unknown) {
      plainUntil = clock() + plainMs
      if (!isFailing)
        log.warn(
          { err: smtpErrorLine(error, undefined) },
          'the mail server offers STARTTLS but fails at it: mails go out unencrypted',
        )
      isFailing = true
    },
  }
}
