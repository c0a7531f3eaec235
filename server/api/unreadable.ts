import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Connections, Exchange } from './connections.ts'
import { startDeadline } from '../runtime/deadline.ts'
import { ENVELOPE_HEADERS } from './envelope-headers.ts'
import type { Envelopes } from './envelope.ts'

/** How long a refused connection may go on sending before it is cut, so that the answer is not lost with a reset. */
const LINGER_MS = 2000

interface UnreadableParts {
  readonly connections: Connections
  readonly envelopes: Envelopes
}

/**
 * Answers bytes that are no HTTP request, by Node's `clientError`, in the envelope, and closes the connection. In the middle of a
 * body it is the answer of that request, unless it has one already; behind a whole request that one is answered first.
 */
export function answerUnreadable(error: Error & { code?: string; reason?: string }, socket: Socket, { connections, envelopes }: UnreadableParts): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const answer = refusalOf(codeOf(error), envelopes)
  const latest = connections.latest(socket)
  if (latest !== undefined && !latest.request.complete) answerIn(latest, socket, answer)
  else whenFinished(latest, () => socket.writable && answerBare(socket, answer))
}

/** To CONNECT, which Node keeps from the routes: there is nothing here to connect to. */
export function answerConnect(socket: Socket, { connections, envelopes }: UnreadableParts): void {
  whenFinished(connections.latest(socket), () => answerBare(socket, refusalOf('NTFAPI_METHOD_NOT_ALLOWED', envelopes)))
}

function refusalOf(code: ErrorCode, envelopes: Envelopes): Refusal {
  const { httpStatus, message } = new AppError(code)
  return { status: httpStatus, body: Buffer.from(envelopes.error(message)) }
}

interface Refusal {
  readonly status: number
  readonly body: Buffer
}

const headersOf = ({ body }: Refusal) => ({ 'content-type': 'application/json', ...ENVELOPE_HEADERS, 'content-length': String(body.length), connection: 'close' })

function answerBare(socket: Socket, answer: Refusal): void {
  const head = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`, ...Object.entries(headersOf(answer)).map(([name, value]) => `${name}: ${value}`), '', '']
  socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), answer.body]))
  linger(socket)
}

/** A request has one answer: where it had one before the fault was met, that one stands. */
function answerIn(exchange: Exchange, socket: Socket, answer: Refusal): void {
  whenFinished(exchange, () => {
    socket.end()
    linger(socket)
  })
  const { response } = exchange
  if (!response.headersSent) response.writeHead(answer.status, headersOf(answer)).end(answer.body)
}

function whenFinished(exchange: Exchange | undefined, then: () => void): void {
  if (exchange === undefined || exchange.response.writableFinished) then()
  else exchange.response.once('finish', then)
}

/** From now, however much still comes: a byte now and then must not keep a connection. */
function linger(socket: Socket): void {
  const stopDeadline = startDeadline(LINGER_MS, () => socket.destroy())
  socket.once('close', stopDeadline)
}

function codeOf({ code, reason = '' }: { readonly code?: string; readonly reason?: string }): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'NTFAPI_HEADERS_TOO_LARGE'
  if ((code === 'HPE_INVALID_VERSION' && reason.startsWith('Invalid HTTP version')) || code === 'HPE_PAUSED_H2_UPGRADE') return 'NTFAPI_HTTP_VERSION'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'NTFAPI_REQUEST_TIMEOUT'
  return 'NTFAPI_BAD_REQUEST'
}
