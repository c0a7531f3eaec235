import leven from 'leven'

/** So many letters may be wrong, missing or too many for a word to count as a misspelling; one in words of up to 5 letters. */
const MAX_DISTANCE = 2
const SHORT_WORD = 5

/** The known word that was probably meant: the closest, the first of several. Letter case does not count. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  const meant = word.toLowerCase()
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    const distance = leven(meant, name.toLowerCase(), { maxDistance: MAX_DISTANCE + 1 })
    const most = name.length > SHORT_WORD ? MAX_DISTANCE : 1
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}
