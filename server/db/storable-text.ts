/**
 * Why a text cannot be kept in PostgreSQL as it is, if so. UTF-8 has no form for half a surrogate pair, and a `text`
 * column takes no NUL.
 */
export function storageFault(text: string): string | undefined {
  if (text.includes('\0')) return 'has a NUL character'
  if (/\p{Cs}/u.test(text)) return 'has half a surrogate pair'
  return undefined
}
