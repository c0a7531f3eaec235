/**
 * For every envelope. The token is no Authorization header, so without this a shared cache might store one tenant's
 * response for another (RFC 9111 §3.5); and no response is to be interpreted as a page.
 */
export const ENVELOPE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const
