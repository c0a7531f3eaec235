import { parseWebAddress, type WebAddress } from '@tidings/contract/delivery-address.ts'
import { LRUCache } from 'lru-cache'
import type { Unbuildable } from '../send-result.ts'

/** A webhook call as it is sent. */
export interface WebhookRequest {
  readonly kind: 'request'
  readonly url: URL
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Headers that only this file sets. undici rejects the others that would change the framing. */
const RESERVED = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'user-agent',
])

/** `identity`: a response's body is dropped unread, so there must be nothing to decompress. */
const FIXED_HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'User-Agent': 'Tapis/v3',
  'Accept-Encoding': 'identity',
}

/** Addresses that were sent to lately: parsing one takes as long as all the rest of a request. */
const parsed = new LRUCache<string, WebAddress>({ max: 10_000, maxSize: 8 * 1024 * 1024 })

function parse(address: string): WebAddress {
  const known = parsed.get(address)
  if (known) return known
  const read = parseWebAddress(address)
  parsed.set(address, read, { size: address.length + 1 })
  return read
}

/** Builds a request from an address and headers. Credentials in the address become Basic authentication (RFC 7617). */
export function webhookRequest(
  address: string,
  extraHeaders: Readonly<Record<string, string>>,
): WebhookRequest | Unbuildable {
  const read = parse(address)
  if (read.kind === 'invalid') return { kind: 'unbuildable', reason: read.reason }
  if (Object.keys(extraHeaders).some((name) => RESERVED.has(name.toLowerCase())))
    return { kind: 'unbuildable', reason: 'bad_header' }
  const { url, credentials } = read
  const authorization = credentials && {
    Authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
  }
  return {
    kind: 'request',
    url,
    path: url.pathname + url.search,
    headers: { ...FIXED_HEADERS, ...extraHeaders, ...authorization },
  }
}
