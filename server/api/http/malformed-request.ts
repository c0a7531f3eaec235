import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { AppError, type ErrorCode } from '../errors.ts'
import type { ConnectionTracker, Exchange } from './connections/connection-tracker.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { ENVELOPE_HEADERS } from './response/envelope-headers.ts'
import type { EnvelopeWriter } from './response/envelope-writer.ts'

/** How long a rejected connection may go on sending before it is cut: a reset at once could lose the response. */
const LINGER_MS = 2000

interface MalformedRequestDeps {
  readonly connections: ConnectionTracker
  readonly envelopes: EnvelopeWriter
}

/**
 * Responds to bytes that are no HTTP request (the `clientError` of Node) with an envelope, and closes the connection.
 * In the middle of a body this is the response of that request, unless it has one already; after a complete request,
 * that one gets its response first.
 */
export function respondToMalformedRequest(
  error: Error & { code?: string; reason?: string },
  socket: Socket,
  { connections, envelopes }: MalformedRequestDeps,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const errorResponse = errorResponseOf(codeOf(error), envelopes)
  const latest = connections.latest(socket)
  if (latest !== undefined && !latest.request.complete) respondInExchange(latest, socket, errorResponse)
  else whenFinished(latest, () => socket.writable && writeRawResponse(socket, errorResponse))
}

/** Responds to CONNECT, which Node does not pass to the routes: there is nothing to connect to. */
export function respondToConnect(socket: Socket, { connections, envelopes }: MalformedRequestDeps): void {
  whenFinished(connections.latest(socket), () =>
    writeRawResponse(socket, errorResponseOf('NTFAPI_METHOD_NOT_ALLOWED', envelopes)),
  )
}

function errorResponseOf(code: ErrorCode, envelopes: EnvelopeWriter): ErrorResponse {
  const { httpStatus, message } = new AppError(code)
  return { status: httpStatus, body: Buffer.from(envelopes.error(message)) }
}

interface ErrorResponse {
  readonly status: number
  readonly body: Buffer
}

const headersOf = ({ body }: ErrorResponse) => ({
  'content-type': 'application/json',
  ...ENVELOPE_HEADERS,
  'content-length': String(body.length),
  connection: 'close',
})

function writeRawResponse(socket: Socket, errorResponse: ErrorResponse): void {
  const head = [
    `HTTP/1.1 ${errorResponse.status} ${STATUS_CODES[errorResponse.status] ?? ''}`,
    ...Object.entries(headersOf(errorResponse)).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), errorResponse.body]))
  linger(socket)
}

/** A request has one response: if it began before the error was found, it stays. */
function respondInExchange(exchange: Exchange, socket: Socket, errorResponse: ErrorResponse): void {
  whenFinished(exchange, () => {
    socket.end()
    linger(socket)
  })
  const { response } = exchange
  if (!response.headersSent) response.writeHead(errorResponse.status, headersOf(errorResponse)).end(errorResponse.body)
}

function whenFinished(exchange: Exchange | undefined, then: () => void): void {
  if (exchange === undefined || exchange.response.writableFinished) then()
  else exchange.response.once('finish', then)
}

/** Cuts the connection after a fixed time, however much still arrives: a slow sender must not keep it open. */
function linger(socket: Socket): void {
  const stopDeadline = startDeadline(LINGER_MS, () => socket.destroy())
  socket.once('close', stopDeadline)
}

function codeOf({ code, reason = '' }: { readonly code?: string; readonly reason?: string }): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'NTFAPI_HEADERS_TOO_LARGE'
  if ((code === 'HPE_INVALID_VERSION' && reason.startsWith('Invalid HTTP version')) || code === 'HPE_PAUSED_H2_UPGRADE')
    return 'NTFAPI_HTTP_VERSION'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'NTFAPI_REQUEST_TIMEOUT'
  return 'NTFAPI_BAD_REQUEST'
}
