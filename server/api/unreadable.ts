import type { Socket } from 'node:net'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Connections } from './connections.ts'
import type { Envelopes } from './envelope.ts'

const REASONS: Readonly<Record<number, string>> = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' }

/** How long a refused connection may go on sending before it is cut, so that the answer is not lost with a reset. */
const LINGER_MS = 2000

/** Answers bytes that are no HTTP request, by Node's `clientError`, in the envelope, and closes the connection. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket, parts: { readonly connections: Connections; readonly envelopes: Envelopes }): void {
  // An answer is on its way already, or nobody is there to read one.
  if (error.code === 'ECONNRESET' || parts.connections.isBusy(socket)) {
    socket.destroy()
    return
  }
  if (!socket.writable) return
  const refusal = new AppError(codeOf(error.code))
  const body = Buffer.from(parts.envelopes.error(refusal.message))
  const head = [
    `HTTP/1.1 ${refusal.httpStatus} ${REASONS[refusal.httpStatus] ?? 'Bad Request'}`,
    'Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close', '', '',
  ]
  socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), body]))
  socket.setTimeout(LINGER_MS, () => socket.destroy())
}

function codeOf(code: string | undefined): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'NTFAPI_HEADERS_TOO_LARGE'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'NTFAPI_REQUEST_TIMEOUT'
  return 'NTFAPI_BAD_REQUEST'
}
