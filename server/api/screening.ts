import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { requireJson } from './json-body.ts'
import { parseQuery, type Query } from './query.ts'
import { storageFault } from '../db/storable-text.ts'

/** What a request must fulfil before anybody asks who sends it. Answers its query parameters; throws an `AppError`. */
export function screen(request: IncomingMessage, params: Readonly<Record<string, string>>): Query {
  if (request.httpVersion === '1.1' && request.headers.host === undefined) throw new AppError('NTFAPI_BAD_REQUEST', { details: { Host: 'is missing' } })
  requireJson(request.headers)
  if (Object.values(params).some((value) => storageFault(value) !== undefined)) throw new AppError('NTFAPI_BAD_REQUEST', { details: { path: 'has a NUL character' } })
  return parseQuery(request.url ?? '')
}

/** Scheme and authority under which a request reached us. A Host header that is no authority is not repeated. */
export function originOf({ headers: { host }, socket }: IncomingMessage): string {
  const authority = host !== undefined && /^[A-Za-z0-9._~-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(host) ? host : undefined
  return `http://${authority ?? `${socket.localFamily === 'IPv6' ? `[${socket.localAddress}]` : socket.localAddress}:${socket.localPort}`}`
}
