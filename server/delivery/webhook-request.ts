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
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return { kind: 'unbuildable', reason: 'bad_address' }
  if (Object.keys(extraHeaders).some((name) => RESERVED.has(name.toLowerCase()))) return { kind: 'unbuildable', reason: 'bad_header' }
  const headers = { ...FIXED_HEADERS, ...extraHeaders }
  if (url.username === '' && url.password === '') return { kind: 'request', url, path: url.pathname + url.search, headers }
  const authorization = basicAuthorization(url)
  if (authorization === undefined) return { kind: 'unbuildable', reason: 'bad_credentials' }
  return { kind: 'request', url, path: url.pathname + url.search, headers: { ...headers, Authorization: authorization } }
}

function basicAuthorization({ username, password }: URL): string | undefined {
  try {
    const user = decodeURIComponent(username)
    return user.includes(':') ? undefined : `Basic ${Buffer.from(`${user}:${decodeURIComponent(password)}`).toString('base64')}`
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
