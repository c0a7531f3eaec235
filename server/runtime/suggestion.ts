import leven from 'leven'

/** So many letters may be wrong, missing or too many for a word to count as a misspelling; one in words of up to 5 letters. Two that changed places are one. */
const MAX_DISTANCE = 2
const SHORT_WORD = 5
/** Longer words are no misspelling of ours, and take long to compare. */
const LONGEST_WORD = 100

/** The known word that was probably meant: the closest, the first of several. Letter case does not count. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST_WORD) return undefined
  const meant = word.toLowerCase()
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    const distance = isSwapped(meant, name.toLowerCase()) ? 1 : leven(meant, name.toLowerCase(), { maxDistance: MAX_DISTANCE + 1 })
    const most = name.length > SHORT_WORD ? MAX_DISTANCE : 1
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

/** The complaint about a word, with the one that was probably meant behind it, if any was. */
export function withSuggestion(complaint: string, word: string, known: Iterable<string>): string {
  const meant = suggestion(word, known)
  return meant === undefined ? complaint : `${complaint}; ${didYouMean(meant)}`
}

export const didYouMean = (name: string) => `did you mean ${name}?`

/** Whether two words differ by two letters beside each other that changed places, the commonest slip of all. */
function isSwapped(a: string, b: string): boolean {
  const at = a.split('').findIndex((letter, index) => letter !== b[index])
  return a.length === b.length && at >= 0 && a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
}
