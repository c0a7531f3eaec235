import { createHash } from 'node:crypto'
import type { PublicRequestContext, RawResponse } from '../http/route.ts'

/** Content that stays the same as long as the process runs. */
export interface CacheableContent {
  readonly text: string | Buffer
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Returns a handler that responds with the content, or with 304 to a client that has it already (RFC 9110 §13.1.2).
 * Caches must revalidate each time: a new version of the service takes effect at once, and revalidation costs next to
 * nothing.
 */
export function cacheableResponse({
  text,
  contentType,
  headers = {},
}: CacheableContent): (context: Pick<PublicRequestContext, 'headersDistinct'>) => RawResponse {
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  const all = { ...headers, etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' }
  return ({ headersDistinct }) =>
    isCached(headersDistinct['if-none-match'], etag)
      ? { httpStatus: 304, text: '', contentType, headers: all }
      : { httpStatus: 200, text, contentType, headers: all }
}

/** Weak comparison: a cache on the way may have marked the tag. */
function isCached(ifNoneMatch: readonly string[] = [], etag: string): boolean {
  const tags = ifNoneMatch
    .join(',')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
