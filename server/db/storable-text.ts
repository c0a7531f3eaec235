/**
 * Returns why PostgreSQL cannot store a text as it is; undefined: it can. UTF-8 has no form for half a surrogate pair,
 * and a `text` column accepts no NUL.
 */
export function unstorableReason(text: string): string | undefined {
  if (text.includes('\0')) return 'has a NUL character'
  if (/\p{Cs}/u.test(text)) return 'has an unpaired surrogate'
  return undefined
}
