import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Resolve } from '../names/resolve.ts'
import type { MailEnvelope } from './compose-mail.ts'
import { smtpConnectionOptions, type SmtpConnectionSettings } from './smtp-connection-options.ts'
import { dial } from './dial.ts'
import type { MailGate } from './mail-gate.ts'
import { createSmtpSessionTimer, type Phase, type SmtpSessionTimer } from './smtp-session-timer.ts'
import type { SmtpLimits } from './smtp-limits.ts'
import { createSmtpCommands, type SmtpCommands } from './smtp-commands.ts'

export interface SmtpSessionDeps extends SmtpConnectionSettings {
  readonly resolve: Resolve
  readonly limits: SmtpLimits
}

export interface SessionMail {
  readonly envelope: MailEnvelope
  /** The mail as sent, before dot-stuffing. */
  readonly raw: Buffer
  readonly gate: MailGate
}

/** A connection to the mail server, greeted and logged in, for one mail at a time. */
export interface SmtpSession {
  readonly isOpen: boolean
  /** Mails that were sent or rejected. */
  readonly mails: number
  /** The server's extensions, in capitals (RFC 5321 2.2). */
  readonly extensions: ReadonlySet<string>
  /** Rejects with nodemailer's errors. */
  send(mail: SessionMail): Promise<void>
  /**
   * Resets the session after a rejection, which can come before the end of a text. Resolves when the session can take
   * another mail, or is closed.
   */
  reset(): Promise<void>
  /** Calls back once, when the session has ended, however it ended. */
  onEnd(callback: () => void): void
  /** Ends the session with QUIT, and waits up to 10 s for the reply. */
  quit(): void
  close(): void
}

/** Encryption failed between STARTTLS and the first encrypted reply. The cause says how. */
export class StartTlsError extends Error {
  constructor(cause: unknown) {
    super('STARTTLS failed', { cause })
    this.name = 'StartTlsError'
  }
}

/**
 * Connects, waits for the greeting, encrypts and logs in, as configured. Rejects with nodemailer's errors or a
 * `StartTlsError`, and when the signal is aborted.
 */
export async function openSession(
  { limits, resolve, ...deps }: SmtpSessionDeps,
  signal: AbortSignal,
): Promise<SmtpSession> {
  const { host, port, login, security } = deps.server
  const socket = await dial({ host, port, connectMs: limits.connectMs, resolve }, signal)
  const timer = createSmtpSessionTimer(limits, (phase) => commands.fail(timeoutError(phase)))
  const connection = new SMTPConnection({
    ...smtpConnectionOptions(deps),
    connection: socket,
    transactionLog: true,
    logger: { debug: timer.onProtocolEvent, info: timer.onProtocolEvent, ...SILENT },
  })
  const commands = createSmtpCommands(connection)
  const close = () => connection.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    timer.start(security === 'tls')
    await commands.run((done) => connection.connect(done))
    // nodemailer reports a server that replies 421 to STARTTLS as connected, just before it closes.
    if (!commands.isOpen) throw Object.assign(new Error('the server closed the session'), { code: 'ECONNECTION' })
    if (login && connection.allowsAuth)
      await commands.run((done) => connection.login({ credentials: { user: login.user, pass: login.password } }, done))
  } catch (error) {
    timer.end()
    close()
    throw timer.isStartingTls ? new StartTlsError(error) : error
  } finally {
    signal.removeEventListener('abort', close)
  }
  return sessionOf(connection, commands, timer)
}

const nothing = () => undefined
const SILENT = { trace: nothing, warn: nothing, error: nothing, fatal: nothing }

function sessionOf(connection: SMTPConnection, commands: SmtpCommands, timer: SmtpSessionTimer): SmtpSession {
  let mails = 0
  let onEnd = nothing as () => void
  commands.onEnd(() => {
    timer.end()
    onEnd()
  })
  return {
    get isOpen() {
      return commands.isOpen
    },
    get mails() {
      return mails
    },
    extensions: timer.extensions,
    async send({ envelope, raw, gate }) {
      try {
        await commands.run((done) =>
          connection.send({ ...envelope, to: [...envelope.to] }, gate.through(raw, timer.block), done),
        )
      } finally {
        mails += 1
      }
    },
    async reset() {
      if (timer.isSendingData) connection.close()
      else await commands.run((done) => connection.reset(done)).catch(() => connection.close())
    },
    onEnd(callback) {
      onEnd = callback
      if (!commands.isOpen) callback()
    },
    quit: () => connection.quit(),
    close: () => connection.close(),
  }
}

const BEFORE_COMMANDS: ReadonlySet<Phase> = new Set(['greeting', 'tls'])

/** Returns the error that nodemailer uses for a server that is silent for too long. */
const timeoutError = (phase: Phase) =>
  Object.assign(new Error(`the mail server was silent for too long: ${phase}`), {
    code: 'ETIMEDOUT',
    timeoutType: BEFORE_COMMANDS.has(phase) ? 'CONNECT_TIMEOUT' : 'SOCKET_TIMEOUT',
  })
