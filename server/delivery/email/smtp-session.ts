import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Resolve } from '../resolve.ts'
import type { Envelope } from './compose.ts'
import { connectionOptions, type ConnectionParts } from './connection-options.ts'
import { dial } from './dial.ts'
import type { Gate } from './gate.ts'
import { createSessionClock, type Phase, type SessionClock } from './session-clock.ts'
import type { SmtpLimits } from './smtp-limits.ts'
import { createSteps, type Steps } from './steps.ts'

export interface SessionParts extends ConnectionParts {
  readonly resolve: Resolve
  readonly limits: SmtpLimits
}

export interface SessionMail {
  readonly envelope: Envelope
  /** The mail as it goes on the wire, dots not yet doubled. */
  readonly raw: Buffer
  readonly gate: Gate
}

/** A connection to the mail server, greeted and logged in, for one mail at a time. */
export interface SmtpSession {
  readonly isOpen: boolean
  /** Mails that were sent, or refused. */
  readonly mails: number
  /** What the server said it can do, in capitals (RFC 5321 2.2). */
  readonly extensions: ReadonlySet<string>
  /** Rejects with nodemailer's errors. */
  send(mail: SessionMail): Promise<void>
  /** After a refusal, which can come before the end of a text: resolves when the session can be used for another mail, or is closed. */
  reset(): Promise<void>
  /** Called once, when it is over, however it ended. */
  onEnd(callback: () => void): void
  /** Says goodbye, and waits a little for the answer. */
  quit(): void
  close(): void
}

/** Encryption failed between STARTTLS and the first answer that came encrypted. The cause says how. */
export class SecuringError extends Error {
  constructor(cause: unknown) {
    super('STARTTLS failed', { cause })
    this.name = 'SecuringError'
  }
}

/**
 * Connects, waits for the greeting, encrypts and logs in, as configured. Rejects with nodemailer's errors, or with a
 * SecuringError; and when the signal fires.
 */
export async function openSession({ limits, resolve, ...parts }: SessionParts, signal: AbortSignal): Promise<SmtpSession> {
  const { host, port, login, security } = parts.server
  const socket = await dial({ host, port, connectMs: limits.connectMs, resolve }, signal)
  const clock = createSessionClock(limits, (phase) => steps.fail(tooLate(phase)))
  const connection = new SMTPConnection({ ...connectionOptions(parts), connection: socket, transactionLog: true, logger: { debug: clock.tell, info: clock.tell, ...SILENT } })
  const steps = createSteps(connection)
  const close = () => connection.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    clock.start(security === 'tls')
    await steps.step((done) => connection.connect(done))
    // A server that answers 421 to STARTTLS counts as connected for the moment before it is gone.
    if (!steps.isOpen) throw Object.assign(new Error('the server closed the session'), { code: 'ECONNECTION' })
    if (login && connection.allowsAuth) await steps.step((done) => connection.login({ credentials: { user: login.user, pass: login.password } }, done))
  } catch (error) {
    clock.end()
    close()
    throw clock.isSecuring ? new SecuringError(error) : error
  } finally {
    signal.removeEventListener('abort', close)
  }
  return sessionOf(connection, steps, clock)
}

const nothing = () => undefined
const SILENT = { trace: nothing, warn: nothing, error: nothing, fatal: nothing }

function sessionOf(connection: SMTPConnection, steps: Steps, clock: SessionClock): SmtpSession {
  let mails = 0
  let onEnd = nothing as () => void
  steps.onEnd(() => {
    clock.end()
    onEnd()
  })
  return {
    get isOpen() {
      return steps.isOpen
    },
    get mails() {
      return mails
    },
    extensions: clock.extensions,
    async send({ envelope, raw, gate }) {
      try {
        await steps.step((done) => connection.send({ ...envelope, to: [...envelope.to] }, gate.through(raw, clock.block), done))
      } finally {
        mails += 1
      }
    },
    async reset() {
      if (clock.isText) connection.close()
      else await steps.step((done) => connection.reset(done)).catch(() => connection.close())
    },
    onEnd(callback) {
      onEnd = callback
      if (!steps.isOpen) callback()
    },
    quit: () => connection.quit(),
    close: () => connection.close(),
  }
}

const BEFORE_COMMANDS: ReadonlySet<Phase> = new Set(['greeting', 'tls'])

/** As nodemailer says that a server was silent for too long. */
const tooLate = (phase: Phase) =>
  Object.assign(new Error(`the mail server was silent for too long: ${phase}`), { code: 'ETIMEDOUT', timeoutType: BEFORE_COMMANDS.has(phase) ? 'CONNECT_TIMEOUT' : 'SOCKET_TIMEOUT' })
