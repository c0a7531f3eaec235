import { isObject } from '@tidings/contract/is-object.ts'
import type { Failed, FailureReason, RefusalStage, SendResult } from '../send-result.ts'
import { tcpReason } from '../tcp-reason.ts'
import type { MailGate } from './mail-gate.ts'

/** What nodemailer puts on its errors (nodemailer 10.6, src/errors). */
interface SmtpError {
  readonly code: string | undefined
  /** The code of the server's reply, if there was one. */
  readonly responseCode: number | undefined
  /**
   * The command that failed: `CONN` (greeting), `EHLO`, `STARTTLS`, `AUTH PLAIN`, `MAIL FROM`, `RCPT TO`, `DATA`;
   * `API`: nothing was sent.
   */
  readonly command: string | undefined
  /** The code of the operating system or of TLS. */
  readonly originalCode: string | undefined
  readonly syscall: string | undefined
  readonly timeoutType: string | undefined
}

/** What is known about an attempt that ended in an error. */
export interface SmtpFailure {
  readonly error: unknown
  readonly gate: Pick<MailGate, 'isOpen' | 'isRefused' | 'isReached'>
  /** What aborted it, if anything did. */
  readonly abortedBy: 'caller' | 'deadline' | undefined
  readonly durationMs: number
}

/**
 * Returns the result of an attempt that ended in nodemailer's error. Pure.
 *
 * | what happened                                                    | result                                     |
 * |------------------------------------------------------------------|--------------------------------------------|
 * | the server asked for the text, and it may not leave              | not_sent                                   |
 * | the caller gave up, or the sender was closed                     | aborted                                    |
 * | a code of 400 to 599                                             | refused, at the stage of the command       |
 * | another code, or an unexpected one                               | failed: bad_answer                         |
 * | no connection: look-up, TCP, no greeting in time                 | failed: dns, connect_...                   |
 * | certificate, handshake, no STARTTLS where it is required         | failed: tls                                |
 * | the server closed or reset the connection                        | failed: closed_early                       |
 * | the server is silent, or the attempt takes too long: in a session | failed: answer_timeout                    |
 * | the same before there is a session                               | failed: connect_timeout                    |
 * | nodemailer considers the address invalid                         | unbuildable: bad_address                   |
 */
export function smtpResult({ error, gate, abortedBy, durationMs }: SmtpFailure): SendResult {
  if (gate.isRefused) return { kind: 'not_sent' }
  if (abortedBy === 'caller') return { kind: 'aborted', wasWritten: gate.isOpen }
  const stage: Failed['stage'] = gate.isOpen ? 'answer' : 'connect'
  const failed = (reason: FailureReason) => ({ kind: 'failed', reason, stage, durationMs }) as const
  if (abortedBy === 'deadline') return failed(gate.isReached ? 'answer_timeout' : 'connect_timeout')
  const { responseCode, code, command, ...rest } = readSmtpError(error)
  if (responseCode !== undefined && responseCode >= 400 && responseCode <= 599)
    return { kind: 'refused', smtpCode: responseCode, stage: stageOf(command), durationMs }
  if (code === 'EENVELOPE' && command === 'API') return { kind: 'unbuildable', reason: 'bad_address' }
  // The server announced its maximum size in EHLO; nodemailer rejects the mail in its place.
  if (code === 'EMESSAGE' && command === 'MAIL FROM')
    return { kind: 'refused', smtpCode: 552, stage: 'message', durationMs }
  return failed(reasonOf({ code, command, responseCode, ...rest }, gate))
}

/**
 * Returns whether the result concerns the server, the network or our right to use the server: something that an
 * operator may have to fix.
 */
export function isServerProblem(result: SendResult): boolean {
  if (result.kind === 'failed') return result.stage === 'connect'
  return (
    result.kind === 'refused' && (result.stage === 'session' || result.stage === 'sender') && result.smtpCode >= 500
  )
}

/** Returns whether the server rejected the mail and the session can go on. */
export function isRefusal(error: unknown): boolean {
  const { code, responseCode } = readSmtpError(error)
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== 421
}

/** Returns whether the server ended the session, rather than reject what was sent over it. */
export function isConnectionLost(error: unknown): boolean {
  const { code, responseCode } = readSmtpError(error)
  return responseCode === 421 || code === 'ECONNECTION' || code === 'ESOCKET'
}

/** Reads the members that are present and have the expected type. */
function readSmtpError(error: unknown): SmtpError {
  const member = (name: string): unknown => (isObject(error) ? error[name] : undefined)
  const text = (name: string) => {
    const value = member(name)
    return typeof value === 'string' ? value : undefined
  }
  const responseCode = member('responseCode')
  return {
    code: text('code'),
    command: text('command'),
    originalCode: text('originalCode'),
    syscall: text('syscall'),
    timeoutType: text('timeoutType'),
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
  }
}

function stageOf(command: string | undefined): RefusalStage {
  switch (command) {
    case 'MAIL FROM':
      return 'sender'
    case 'RCPT TO':
      return 'recipient'
    case 'DATA':
      return 'message'
    default:
      return 'session'
  }
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

function reasonOf(
  { code, responseCode, originalCode, syscall, timeoutType }: SmtpError,
  { isReached }: Pick<MailGate, 'isReached'>,
): FailureReason {
  if (responseCode !== undefined) return 'bad_answer'
  switch (code) {
    case 'EDNS':
      return 'dns'
    case 'ETLS':
      return 'tls'
    case 'ETIMEDOUT':
      return timeoutType === 'SOCKET_TIMEOUT' ? 'answer_timeout' : 'connect_timeout'
    case 'ECONNECTION':
      return 'closed_early'
    case 'ESOCKET':
      if (originalCode !== undefined && CLOSED.has(originalCode)) return 'closed_early'
      // Without a failed system call it is the certificate or the handshake.
      if (syscall === undefined || originalCode === 'EPROTO') return 'tls'
      return isReached ? 'closed_early' : tcpReason(originalCode)
    default:
      return 'bad_answer'
  }
}
