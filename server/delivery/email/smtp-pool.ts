import type { Log } from '../../log.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import type { Resolve } from '../resolve.ts'
import { mayGoPlain, type ConnectionParts } from './connection-options.ts'
import { smtpErrorLine } from './smtp-error-line.ts'
import type { SmtpLimits } from './smtp-limits.ts'
import { openSession, SecuringError, type SmtpSession } from './smtp-session.ts'

/** Some servers count: a connection is not used for more. */
const MAILS_PER_SESSION = 100

export interface PoolParts extends Omit<ConnectionParts, 'isPlain'> {
  readonly limits: SmtpLimits
  readonly resolve: Resolve
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/** Sessions with the mail server. One that has nothing to do is kept for a moment. */
export interface SmtpPool {
  /** One that is idle unless it must be fresh, or a new one. Rejects with nodemailer's errors, and when the signal fires. */
  take(signal: AbortSignal, options?: { readonly isFresh: boolean }): Promise<SmtpSession>
  /** The session is not used any more by who took it. */
  giveBack(session: SmtpSession): void
  /** Ends all of them, whatever they are doing. */
  close(): void
}

/** How many there are at a time is for the one who asks. */
export function createSmtpPool({ server, limits, ca, resolve, log, clock = () => performance.now() }: PoolParts): SmtpPool {
  const sessions = new Set<SmtpSession>()
  const idle = new Map<SmtpSession, () => void>()
  const securing = createSecuring({ log, plainMs: limits.plainMs, clock })

  const open = (isPlain: boolean, signal: AbortSignal) => openSession({ server, limits, ca, isPlain, resolve }, signal)

  const openAsConfigured = (isPlain: boolean, signal: AbortSignal) => open(isPlain, signal).catch((error: unknown) => {
    throw error instanceof SecuringError ? error.cause : error
  })

  /** Where encryption is optional, a server that offers it and fails gets its mail without it, in the same attempt (Postfix: `smtp_tls_security_level = may`). */
  async function openAsCanBe(signal: AbortSignal): Promise<SmtpSession> {
    if (!mayGoPlain(server)) return openAsConfigured(false, signal)
    if (!securing.isWorthATry()) return openAsConfigured(true, signal)
    try {
      const session = await open(false, signal)
      securing.worked()
      return session
    } catch (error) {
      if (!(error instanceof SecuringError) || signal.aborted) throw error
      securing.failed(error.cause)
      return openAsConfigured(true, signal)
    }
  }

  function takeIdle(): SmtpSession | undefined {
    const session = [...idle.keys()].at(-1)
    if (session) leaveIdle(session)
    return session
  }

  function leaveIdle(session: SmtpSession): void {
    idle.get(session)?.()
    idle.delete(session)
  }

  return {
    async take(signal, { isFresh } = { isFresh: false }) {
      const known = isFresh ? undefined : takeIdle()
      if (known) return known
      const session = await openAsCanBe(signal)
      sessions.add(session)
      session.onEnd(() => {
        sessions.delete(session)
        leaveIdle(session)
      })
      return session
    },
    giveBack(session) {
      if (!session.isOpen) return
      if (session.mails >= MAILS_PER_SESSION) session.quit()
      else idle.set(session, startDeadline(limits.idleMs, () => {
        leaveIdle(session)
        session.quit()
      }))
    },
    close() {
      for (const session of sessions) session.close()
    },
  }
}

/** Remembers that the server's encryption does not work, for a while. */
function createSecuring({ log, plainMs, clock }: { readonly log: Log; readonly plainMs: number; readonly clock: () => number }) {
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
      if (!isFailing) log.warn({ err: smtpErrorLine(error, undefined) }, 'the mail server offers STARTTLS and cannot do it: mails go out unencrypted')
      isFailing = true
    },
  }
}
