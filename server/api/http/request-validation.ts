import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { requireIdentityEncoding, requireJson } from './body/json-body.ts'
import { parseQuery, type Query } from './query.ts'
import { unstorableReason } from '../../db/storable-text.ts'

/**
 * `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2). The empty text is valid: it is the value for a target without
 * authority.
 */
const HOST =
  /^(?:\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::(\d*))?$/

function isHost(text: string): boolean {
  const match = HOST.exec(text)
  return match !== null && Number(match[1] ?? 0) <= 65_535
}

/** Throws an `AppError` for what no request may have, wherever it goes (RFC 9112 §2.3, §3.2). */
export function validateHead({ httpVersion, headersDistinct }: IncomingMessage): void {
  if (httpVersion === '0.9')
    throw new AppError('NTFAPI_BAD_REQUEST', { details: { version: 'is missing; the first line ends with HTTP/1.1' } })
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new AppError('NTFAPI_HTTP_VERSION')
  const hosts = headersDistinct.host ?? []
  const violation =
    hosts.length === 0 && httpVersion === '1.1'
      ? 'is missing'
      : hosts.length > 1
        ? 'is given more than once'
        : isHost(hosts[0] ?? '')
          ? undefined
          : 'is not a host and port'
  if (violation !== undefined) throw new AppError('NTFAPI_BAD_REQUEST', { details: { Host: violation } })
}

/**
 * Validates a request to a known address before its caller is authenticated. Returns its query parameters; throws an
 * `AppError`.
 */
export function validateRequest(request: IncomingMessage, params: Readonly<Record<string, string>>): Query {
  requireJson(request.headers)
  requireIdentityEncoding(request.headers)
  if (Object.values(params).some((value) => unstorableReason(value) !== undefined))
    throw new AppError('NTFAPI_BAD_REQUEST', { details: { path: 'has a NUL character' } })
  return parseQuery(request.url ?? '')
}

/**
 * Returns scheme and authority under which a request reached the service. A Host header that is no plain authority is
 * not repeated.
 */
export function originOf({ headers: { host }, socket }: IncomingMessage): string {
  const authority =
    host !== undefined && /^[A-Za-z0-9._~-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(host) ? host : undefined
  const ownHost = socket.localFamily === 'IPv6' ? `[${socket.localAddress}]` : socket.localAddress
  return `http://${authority ?? `${ownHost}:${socket.localPort}`}`
}
