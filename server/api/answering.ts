import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import { ENVELOPE_HEADERS } from './envelope-headers.ts'
import type { Envelopes } from './envelope.ts'
import { toAppError } from './failure.ts'
import { createListStream } from './list-stream.ts'
import { withCaller } from './message.ts'
import { warningHeaders } from './warning-headers.ts'
import type { Answer, RawAnswer, StreamedAnswer } from './route.ts'

/** Writes what an operation answered, or why there is no answer. */
export interface Answering {
  /** `warnings` come before those of the answer. */
  done(reply: FastifyReply, answer: Answer | StreamedAnswer, warnings?: readonly string[]): FastifyReply
  /** What a public route answered. */
  either(reply: FastifyReply, answer: Answer | RawAnswer): FastifyReply
  failed(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply
  /** The last byte of the answer was handed over, or its connection is gone. */
  ended(request: FastifyRequest, reply: FastifyReply): void
  /** From now on every answer closes its connection. */
  closeConnections(): void
}

export function createAnswering({ envelopes, log }: { readonly envelopes: Envelopes; readonly log: Log }): Answering {
  const limit = createLogLimit()
  const listLimit = createLogLimit()
  let isClosing = false

  function write(reply: FastifyReply, httpStatus: number, text: string | Buffer | Readable, contentType = 'application/json'): FastifyReply {
    // The library marks refused bodies with "close". Left open, the rest is read and dropped, and the client sees the
    // answer instead of a reset; the time limit of a request bounds it.
    if (isClosing) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    if (reply.getHeader('cache-control') === undefined) reply.headers(ENVELOPE_HEADERS)
    return reply.code(httpStatus).header('content-type', contentType).send(typeof text === 'string' ? Buffer.from(text) : text) // as bytes: a text would get a charset
  }

  function failed(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const failure = toAppError(error)
    const fields = fieldsOf(request)
    if (failure.code === 'NTFAPI_INTERNAL') limit(`${fields.method} ${fields.route} ${failure.cause instanceof Error ? failure.cause.message : failure.message}`, (suppressed) => log.error({ err: failure.cause ?? failure, ...fields, suppressed }, 'request failed'))
    else if (failure.httpStatus >= 500) log.debug({ err: failure, ...fields }, 'request not served')
    if (failure.retryAfterS !== undefined) reply.header('retry-after', String(failure.retryAfterS))
    if (failure.code === 'NTFAPI_UNSUPPORTED_ENCODING') reply.header('accept-encoding', 'identity')
    return write(reply, failure.httpStatus, envelopes.error(request.caller ? withCaller(failure.message, request.caller) : failure.message))
  }

  function done(reply: FastifyReply, answer: Answer | StreamedAnswer, warnings: readonly string[] = []): FastifyReply {
    reply.headers(warningHeaders([...warnings, ...('rows' in answer ? [] : answer.warnings ?? [])]))
    if (!('rows' in answer)) return write(reply, answer.httpStatus ?? 200, envelopes.success(answer.message, answer.result, answer.metadata))
    // The library destroys the connection with it, so that a list that was cut off does not look whole.
    return write(reply, 200, createListStream(answer, { text: envelopes.list(), limit: listLimit, log }))
  }

  return {
    done,
    either: (reply, answer) => 'text' in answer ? write(reply.headers(answer.headers ?? {}), answer.httpStatus, answer.text, answer.contentType) : done(reply, answer),
    failed,
    ended: (request, reply) => log.debug({ ...fieldsOf(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered'),
    closeConnections() {
      isClosing = true
    },
  }
}

const fieldsOf = ({ method, routeOptions, headers }: FastifyRequest) => ({ method, route: routeOptions.url, trackingId: headers['x-tapis-tracking-id'] })
