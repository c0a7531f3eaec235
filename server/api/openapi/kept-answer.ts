import { createHash } from 'node:crypto'
import type { PublicCall, RawAnswer } from '../route.ts'

/** Something that stays the same as long as the process runs. */
export interface KeptText {
  readonly text: string | Buffer
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Answers with it, or with 304 to whoever has it already (RFC 9110 §13.1.2). Caches must ask each time: a new version of
 * the service counts at once, and asking costs next to nothing.
 */
export function keptAnswer({ text, contentType, headers = {} }: KeptText): (call: Pick<PublicCall, 'headersDistinct'>) => RawAnswer {
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  const all = { ...headers, etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' }
  return ({ headersDistinct }) => hasIt(headersDistinct['if-none-match'], etag)
    ? { httpStatus: 304, text: '', contentType, headers: all }
    : { httpStatus: 200, text, contentType, headers: all }
}

/** Compared weakly: a cache on the way may have marked the tag. */
function hasIt(ifNoneMatch: readonly string[] = [], etag: string): boolean {
  const tags = ifNoneMatch.join(',').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
