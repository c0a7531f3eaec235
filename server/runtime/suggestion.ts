import { withHint } from '@tidings/contract/did-you-mean.ts'
import leven from 'leven'

export { didYouMean, withHint } from '@tidings/contract/did-you-mean.ts'

/**
 * So many letters may be wrong, missing or too many for a word to count as a misspelling; one in words of up to 5
 * letters. Two that changed places are one.
 */
const MAX_DISTANCE = 2
const SHORT_WORD = 5
/** Longer words are no misspelling of ours, and take long to compare. */
const MAX_WORD_LENGTH = 100

/** The known word that was probably meant: the closest, the first of several. Letter case does not count. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD_LENGTH) return undefined
  const meant = word.toLowerCase()
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    const distance = isSwapped(meant, name.toLowerCase())
      ? 1
      : leven(meant, name.toLowerCase(), { maxDistance: MAX_DISTANCE + 1 })
    const maxDistance = name.length > SHORT_WORD ? MAX_DISTANCE : 1
    if (distance <= maxDistance && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

/** Returns the complaint about a word, followed by the one that was probably meant, if any resembles it. */
export const withSuggestion = (complaint: string, word: string, known: Iterable<string>): string =>
  withHint(complaint, suggestion(word, known))

/** Whether two words differ by two letters beside each other that changed places, the commonest slip of all. */
function isSwapped(a: string, b: string): boolean {
  const at = a.split('').findIndex((letter, index) => letter !== b[index])
  return (
    a.length === b.length &&
    at >= 0 &&
    a[at] === b[at + 1] &&
    a[at + 1] === b[at] &&
    a.slice(at + 2) === b.slice(at + 2)
  )
}
