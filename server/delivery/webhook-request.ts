import { readWebAddress } from '@tidings/contract/delivery-address.ts'
import type { Unbuildable } from './send-result.ts'

/** A webhook call as it goes on the wire. */
export interface WebhookRequest {
  readonly kind: 'request'
  readonly url: URL
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Ours to set. The rest of what would change the framing is refused by undici. */
const RESERVED = new Set(['accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'host', 'user-agent'])

/** `identity`: the answer is dropped unread, so nobody may make us unpack it. */
const FIXED_HEADERS = { 'Content-Type': 'application/json; charset=utf-8', 'User-Agent': 'Tapis/v3', 'Accept-Encoding': 'identity' }

/** Reads an address and joins the headers. Credentials in the address become Basic authorization (RFC 7617). */
export function webhookRequest(address: string, extraHeaders: Readonly<Record<string, string>>): WebhookRequest | Unbuildable {
  const read = readWebAddress(address)
  if (read.kind === 'fault') return { kind: 'unbuildable', reason: read.reason }
  if (Object.keys(extraHeaders).some((name) => RESERVED.has(name.toLowerCase()))) return { kind: 'unbuildable', reason: 'bad_header' }
  const { url, credentials } = read
  const authorization = credentials && { Authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` }
  return { kind: 'request', url, path: url.pathname + url.search, headers: { ...FIXED_HEADERS, ...extraHeaders, ...authorization } }
}
