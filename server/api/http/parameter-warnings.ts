import { suggestion, withHint } from '../../runtime/suggestion.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { Query } from './query.ts'

/** Nobody misspells more; comparing thousands helps no sender and takes time. */
const MAX_COMPARED = 20

/**
 * Returns warnings about query parameters that are probably misspelt ones of `known`, and so had no effect. Parameters
 * that resemble none of them are left alone: they may belong to something else, such as a tracker.
 */
export function parameterWarnings(query: Query, known: readonly string[]): readonly string[] {
  const unknown = query
    .entries()
    .slice(0, MAX_COMPARED)
    .map(([name]) => name)
    .filter((name) => !known.includes(name))
  return unknown.flatMap((name) => {
    const suggested = suggestion(name, known)
    return suggested === undefined
      ? []
      : [withHint(`the query parameter ${sanitize(name)} is unknown and was ignored`, suggested)]
  })
}
