import { errors, type Dispatcher } from 'undici'
import { createResponseReader, type FinalStatus } from './response-reader.ts'
import type { WebhookConnection } from './webhook-connection.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { ConnectError } from './guarded-connect.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Answered, Failed, FailureReason, SendResult } from '../send-result.ts'
import type { WebhookRequest } from './webhook-request.ts'

export interface AttemptOptions {
  readonly request: WebhookRequest
  readonly body: Buffer
  readonly signal: AbortSignal | undefined
  readonly maySend: () => boolean
  /** Monotonic, in ms. */
  readonly startedAt: number
  /** The database's clock, with which dates from receivers are compared. */
  readonly now: () => Date
  readonly limits: AttemptLimits
}

export interface AttemptLimits {
  /** From the start of the attempt to the last byte of the response. */
  readonly totalMs: number
  readonly headBytes: number
  /** No more than this is read of a response's body. */
  readonly bodyBytes: number
}

/** `stale`: an idle connection turned out to be dead before a byte was written, so the request may use another one. */
export type ConnectionResult = SendResult | { readonly kind: 'stale' }

/** `isReusable`: the connection can take another request. */
export interface AttemptEnd {
  readonly result: ConnectionResult
  readonly isReusable: boolean
}

/** Allowance for chunk sizes and line ends, on top of head and body. */
const FRAMING_BYTES = 16 * 1024

const REFUSED = new Error('the caller withdrew the request')

/**
 * Sends one request over one connection. Never rejects; resolves within `totalMs`, whatever the receiver does.
 *
 * undici 7.30 (lib/dispatcher/client-h1.js, writeH1) calls `onRequestStart` when the connection is up, right before it
 * writes head and body, in the same tick. An exception thrown there withdraws the request and leaves the connection
 * usable; `controller.abort` would destroy it. undici never repeats a POST that it has written; should that change, the
 * second `onRequestStart` throws.
 */
export function attempt(
  connection: WebhookConnection,
  { request, body, signal, maySend, startedAt, now, limits }: AttemptOptions,
): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    let isDone = false
    let isWritten = false
    let bytesBefore = 0
    let bodyBytes = 0
    let answered: Answered | undefined

    const elapsedMs = () => Math.round(performance.now() - startedAt)
    const failed = (reason: FailureReason, stage: Failed['stage']) =>
      ({ kind: 'failed', reason, stage, durationMs: elapsedMs() }) as const
    const finish = (result: ConnectionResult, isReusable = false) => {
      if (isDone) return
      isDone = true
      stopDeadline()
      signal?.removeEventListener('abort', onAbort)
      connection.onBytes = undefined
      connection.reader = undefined
      resolve({ result, isReusable })
    }
    const stopDeadline = startDeadline(limits.totalMs - elapsedMs(), () =>
      finish(isWritten ? failed('answer_timeout', 'answer') : failed('connect_timeout', 'connect')),
    )
    const onAbort = () => finish({ kind: 'aborted', wasWritten: isWritten })
    signal?.addEventListener('abort', onAbort, { once: true })
    connection.onBytes = () => {
      const bytes = (connection.socket?.bytesRead ?? 0) - bytesBefore
      if (isWritten && bytes > limits.headBytes + limits.bodyBytes + FRAMING_BYTES)
        finish(answered ?? failed('bad_answer', 'answer'))
    }

    const onHead = ({ httpStatus, retryAfter, date }: FinalStatus) => {
      const afterMs = retryAfterMs(retryAfter, { date, nowMs: now().getTime() })
      answered = {
        kind: 'answered',
        httpStatus,
        ...(afterMs !== undefined && { retryAfterMs: afterMs }),
        durationMs: elapsedMs(),
      }
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {
        if (isDone || isWritten || !maySend()) throw REFUSED
        isWritten = true
        bytesBefore = connection.socket?.bytesRead ?? 0
        connection.reader = createResponseReader({
          headBytes: limits.headBytes,
          onHead,
          onInvalid: () => finish(failed('bad_answer', 'answer')),
        })
      },
      onResponseStart() {
        // The reader has already seen the head.
      },
      onResponseData(_controller, chunk) {
        bodyBytes += chunk.length
        if (answered && bodyBytes > limits.bodyBytes) finish(answered)
      },
      onResponseEnd() {
        finish(answered ?? failed('bad_answer', 'answer'), true)
      },
      onResponseError(_controller, error) {
        if (isWritten) finish(answered && isUnreadable(error) ? answered : failed(answerReason(error), 'answer'))
        else if (error === REFUSED) finish({ kind: 'not_sent' }, true)
        else if (error instanceof ConnectError) finish(failed(error.reason, 'connect'))
        else if (isInvalid(error)) finish({ kind: 'unbuildable', reason: 'bad_header' }, true)
        else finish({ kind: 'stale' })
      },
    }
    if (signal?.aborted) {
      onAbort()
      return
    }
    connection.client.dispatch({ method: 'POST', path: request.path, headers: request.headers, body }, handler)
  })
}

const codeOf = (error: Error) => ('code' in error ? String(error.code) : '')

/** undici rejects an invalid header or path before it does anything else. */
const isInvalid = (error: Error) => ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'].includes(codeOf(error))

/** What came is not HTTP. A status that came before it stands: the rest would have been dropped anyway. */
function isUnreadable(error: Error): boolean {
  const { HTTPParserError, HeadersOverflowError, ResponseContentLengthMismatchError } = errors
  return [HTTPParserError, HeadersOverflowError, ResponseContentLengthMismatchError].some(
    (kind) => error instanceof kind,
  )
}

function answerReason(error: Error): FailureReason {
  if (isUnreadable(error)) return 'bad_answer'
  // undici reports `bad response` with the class of a closed socket.
  if (error instanceof errors.SocketError && error.message.startsWith('bad ')) return 'bad_answer'
  // With TLS 1.3 a receiver may refuse our side of the handshake after we have begun to write.
  return codeOf(error).startsWith('ERR_SSL') ? 'tls' : 'closed_early'
}
