import { tcpReason } from '../guarded-connect.ts'
import type { Failed, FailureReason, RefusalStage, SendResult } from '../send-result.ts'
import type { Gate } from './gate.ts'

/** What nodemailer puts on its errors (nodemailer 10.6, src/errors). */
interface SmtpError {
  readonly code: string | undefined
  /** The server's answer, if there was one. */
  readonly responseCode: number | undefined
  /** What it answered: `CONN` (greeting), `EHLO`, `STARTTLS`, `AUTH PLAIN`, `MAIL FROM`, `RCPT TO`, `DATA`; `API`: it was not asked. */
  readonly command: string | undefined
  /** Of the operating system or of TLS. */
  readonly originalCode: string | undefined
  readonly syscall: string | undefined
  readonly timeoutType: string | undefined
}

/** What is known of an attempt that ended in an error. */
export interface SmtpFailure {
  readonly error: unknown
  readonly gate: Pick<Gate, 'isOpen' | 'isRefused' | 'isReached'>
  /** Who cut it short, if somebody did. */
  readonly cutBy: 'caller' | 'deadline' | undefined
  readonly durationMs: number
}

/**
 * What an attempt came to that nodemailer calls an error. Pure.
 *
 * | what happened                                                    | result                                     |
 * |------------------------------------------------------------------|--------------------------------------------|
 * | the text was asked for and may not leave                         | not_sent                                   |
 * | the caller gave up, or the sender was closed                     | aborted                                    |
 * | a code of 400 to 599                                             | refused, by what it answers                |
 * | a code that is none of those, or does not belong there           | failed: bad_answer                         |
 * | no connection: look-up, TCP, no greeting in time                 | failed: dns, connect_...                   |
 * | certificate, handshake, no STARTTLS where it must be             | failed: tls                                |
 * | the server closed, reset                                         | failed: closed_early                       |
 * | the server is silent, or the whole takes too long                | failed: answer_timeout, before a session connect_timeout |
 * | nodemailer takes the address for none                            | unbuildable: bad_address                   |
 */
export function smtpResult({ error, gate, cutBy, durationMs }: SmtpFailure): SendResult {
  if (gate.isRefused) return { kind: 'not_sent' }
  if (cutBy === 'caller') return { kind: 'aborted', wasWritten: gate.isOpen }
  const stage: Failed['stage'] = gate.isOpen ? 'answer' : 'connect'
  const failed = (reason: FailureReason) => ({ kind: 'failed', reason, stage, durationMs }) as const
  if (cutBy === 'deadline') return failed(gate.isReached ? 'answer_timeout' : 'connect_timeout')
  const { responseCode, code, command, ...rest } = readSmtpError(error)
  if (responseCode !== undefined && responseCode >= 400 && responseCode <= 599) return { kind: 'refused', smtpCode: responseCode, stage: stageOf(command), durationMs }
  if (code === 'EENVELOPE' && command === 'API') return { kind: 'unbuildable', reason: 'bad_address' }
  // The server said in EHLO how much it takes; nodemailer answers for it.
  if (code === 'EMESSAGE' && command === 'MAIL FROM') return { kind: 'refused', smtpCode: 552, stage: 'message', durationMs }
  return failed(reasonOf({ code, command, responseCode, ...rest }, gate))
}

/** Whether the result speaks of the server, the way there or our right to use it: something that an operator may have to mend. */
export function isOurTrouble(result: SendResult): boolean {
  if (result.kind === 'failed') return result.stage === 'connect'
  return result.kind === 'refused' && (result.stage === 'session' || result.stage === 'sender') && result.smtpCode >= 500
}

/** Whether the server refused the mail, and the session with it goes on. */
export function isRefusal(error: unknown): boolean {
  const { code, responseCode } = readSmtpError(error)
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== 421
}

/** Whether the server ended the session, rather than refuse what was sent over it. */
export function isConnectionLost(error: unknown): boolean {
  const { code, responseCode } = readSmtpError(error)
  return responseCode === 421 || code === 'ECONNECTION' || code === 'ESOCKET'
}

/** The members that are there, each as what it should be. */
function readSmtpError(error: unknown): SmtpError {
  const member = (name: string): unknown => (typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined)
  const text = (name: string) => {
    const value = member(name)
    return typeof value === 'string' ? value : undefined
  }
  const responseCode = member('responseCode')
  return {
    code: text('code'), command: text('command'), originalCode: text('originalCode'), syscall: text('syscall'), timeoutType: text('timeoutType'),
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
  }
}

function stageOf(command: string | undefined): RefusalStage {
  switch (command) {
    case 'MAIL FROM': return 'sender'
    case 'RCPT TO': return 'recipient'
    case 'DATA': return 'message'
    default: return 'session'
  }
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

function reasonOf({ code, responseCode, originalCode, syscall, timeoutType }: SmtpError, { isReached }: Pick<Gate, 'isReached'>): FailureReason {
  if (responseCode !== undefined) return 'bad_answer'
  switch (code) {
    case 'EDNS': return 'dns'
    case 'ETLS': return 'tls'
    case 'ETIMEDOUT': return timeoutType === 'SOCKET_TIMEOUT' ? 'answer_timeout' : 'connect_timeout'
    case 'ECONNECTION': return 'closed_early'
    case 'ESOCKET':
      if (originalCode !== undefined && CLOSED.has(originalCode)) return 'closed_early'
      // What is no failed system call on a socket is a certificate or a handshake.
      if (syscall === undefined || originalCode === 'EPROTO') return 'tls'
      return isReached ? 'closed_early' : tcpReason(originalCode)
    default: return 'bad_answer'
  }
}
