import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../../log.ts'
import { createLogRateLimit } from '../../../runtime/log-rate-limit.ts'
import { ENVELOPE_HEADERS } from './envelope-headers.ts'
import type { EnvelopeWriter } from './envelope-writer.ts'
import { toAppError } from './error-mapping.ts'
import { createListStream } from './list-stream.ts'
import { errorMessage } from './response-message.ts'
import { warningHeaders } from './warning-headers.ts'
import type { ApiResponse, RawResponse, StreamedResponse } from '../route.ts'

/** Writes the response of an operation, or the error in its place. */
export interface Responder {
  /** `warnings` come before those of the response. */
  respond(reply: FastifyReply, response: ApiResponse | StreamedResponse, warnings?: readonly string[]): FastifyReply
  /** Writes the response of a public route. */
  respondPublic(reply: FastifyReply, response: ApiResponse | RawResponse): FastifyReply
  respondError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply
  /** Logs a request when the last byte of its response was handed over, or its connection is gone. */
  logResponse(request: FastifyRequest, reply: FastifyReply): void
  /** From now on every response closes its connection. */
  closeConnections(): void
}

export function createResponder({
  envelopes,
  log,
}: {
  readonly envelopes: EnvelopeWriter
  readonly log: Log
}): Responder {
  const limit = createLogRateLimit()
  const listLimit = createLogRateLimit()
  let isClosing = false

  function write(
    reply: FastifyReply,
    httpStatus: number,
    text: string | Buffer | Readable,
    contentType = 'application/json',
  ): FastifyReply {
    // The library marks rejected bodies with "close". On an open connection the rest is read and dropped, and the
    // client sees the response instead of a reset; the time limit of a request bounds it.
    if (isClosing) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    if (reply.getHeader('cache-control') === undefined) reply.headers(ENVELOPE_HEADERS)
    // as bytes: the library would add a charset to a text
    return reply
      .code(httpStatus)
      .header('content-type', contentType)
      .send(typeof text === 'string' ? Buffer.from(text) : text)
  }

  function respondError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const failure = toAppError(error)
    const fields = requestLogFields(request)
    if (failure.code === 'NTFAPI_INTERNAL')
      limit(
        `${fields.method} ${fields.route} ${failure.cause instanceof Error ? failure.cause.message : failure.message}`,
        (suppressed) => log.error({ err: failure.cause ?? failure, ...fields, suppressed }, 'request failed'),
      )
    else if (failure.httpStatus >= 500) log.debug({ err: failure, ...fields }, 'request not served')
    if (failure.retryAfterS !== undefined) reply.header('retry-after', String(failure.retryAfterS))
    if (failure.code === 'NTFAPI_UNSUPPORTED_ENCODING') reply.header('accept-encoding', 'identity')
    return write(reply, failure.httpStatus, envelopes.error(errorMessage(failure, request.caller)))
  }

  function respond(
    reply: FastifyReply,
    response: ApiResponse | StreamedResponse,
    warnings: readonly string[] = [],
  ): FastifyReply {
    reply.headers(warningHeaders([...warnings, ...('rows' in response ? [] : (response.warnings ?? []))]))
    if (!('rows' in response))
      return write(
        reply,
        response.httpStatus ?? 200,
        envelopes.success(response.message, response.result, response.metadata),
      )
    // The library destroys the connection with the stream, so a truncated list does not look complete.
    return write(reply, 200, createListStream(response, { text: envelopes.list(), limit: listLimit, log }))
  }

  return {
    respond,
    respondPublic: (reply, response) =>
      'text' in response
        ? write(reply.headers(response.headers ?? {}), response.httpStatus, response.text, response.contentType)
        : respond(reply, response),
    respondError,
    logResponse: (request, reply) =>
      log.debug(
        { ...requestLogFields(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
        'answered',
      ),
    closeConnections() {
      isClosing = true
    },
  }
}

const requestLogFields = ({ method, routeOptions, headers }: FastifyRequest) => ({
  method,
  route: routeOptions.url,
  trackingId: headers['x-tapis-tracking-id'],
})
