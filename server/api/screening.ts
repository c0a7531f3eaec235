import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { requireIdentity, requireJson } from './json-body.ts'
import { parseQuery, type Query } from './query.ts'
import { storageFault } from '../db/storable-text.ts'

/** `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2). Nothing at all is a valid value: that of a target without authority. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::(\d*))?$/

function isHost(text: string): boolean {
  const match = HOST.exec(text)
  return match !== null && Number(match[1] ?? 0) <= 65_535
}

/** What every request must fulfil, wherever it goes. Throws an `AppError` (RFC 9112 §2.3, §3.2). */
export function screenHead({ httpVersion, headersDistinct }: IncomingMessage): void {
  if (httpVersion === '0.9') throw new AppError('NTFAPI_BAD_REQUEST', { details: { version: 'is missing; the first line ends with HTTP/1.1' } })
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new AppError('NTFAPI_HTTP_VERSION')
  const hosts = headersDistinct.host ?? []
  const fault = hosts.length === 0 && httpVersion === '1.1' ? 'is missing' : hosts.length > 1 ? 'is given more than once' : isHost(hosts[0] ?? '') ? undefined : 'is no host and port'
  if (fault !== undefined) throw new AppError('NTFAPI_BAD_REQUEST', { details: { Host: fault } })
}

/** What a request to an address of ours must fulfil before anybody asks who sends it. Answers its query parameters; throws an `AppError`. */
export function screen(request: IncomingMessage, params: Readonly<Record<string, string>>): Query {
  requireJson(request.headers)
  requireIdentity(request.headers)
  if (Object.values(params).some((value) => storageFault(value) !== undefined)) throw new AppError('NTFAPI_BAD_REQUEST', { details: { path: 'has a NUL character' } })
  return parseQuery(request.url ?? '')
}

/** Scheme and authority under which a request reached us. A Host header that is no plain authority is not repeated. */
export function originOf({ headers: { host }, socket }: IncomingMessage): string {
  const authority = host !== undefined && /^[A-Za-z0-9._~-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(host) ? host : undefined
  return `http://${authority ?? `${socket.localFamily === 'IPv6' ? `[${socket.localAddress}]` : socket.localAddress}:${socket.localPort}`}`
}
