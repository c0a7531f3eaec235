/**
 * Of every envelope. The token is no Authorization header, so without a word a shared cache might keep one tenant's answer for
 * another (RFC 9111 §3.5); and nothing is to be taken for a page.
 */
export const ENVELOPE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const
