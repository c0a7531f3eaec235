import type { TObject } from 'typebox'
import { withSuggestion } from '../../runtime/suggestion.ts'
import { sanitize } from '../../runtime/display-text.ts'

/** More would not fit into the headers. */
const MAX_WARNINGS = 10

/** Warns about members that the operation does not know: they are accepted, as in the original, and ignored. */
export function unknownMemberWarnings(
  members: Readonly<Record<string, unknown>>,
  { properties }: Pick<TObject, 'properties'>,
): string[] {
  const known = Object.keys(properties)
  return Object.keys(members)
    .filter((name) => !Object.hasOwn(properties, name))
    .slice(0, MAX_WARNINGS)
    .map((name) => withSuggestion(`the member ${sanitize(name)} is unknown and was ignored`, name, known))
}

const DATE = String.raw`\d{4}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])`
const TIME = String.raw`(?:[01]\d|2[0-4])(?::?[0-5]\d(?::?(?:[0-5]\d|60))?)?(?:[.,]\d+)?`
const ZONE = String.raw`(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)`
/** ISO 8601, in its basic format too; a blank in place of the T, as databases write it. */
const INSTANT = new RegExp(`^${DATE}(?:[Tt ]${TIME}\\s?${ZONE}?)?$`, 'i')

/** Longer texts are no time; they are not matched. */
const MAX_TIME = 64

/**
 * Warns about a `timestamp` that is no time. It is passed on unchanged all the same; most receivers want to parse it.
 */
export const timestampWarnings = ({ timestamp }: { readonly timestamp: string }): string[] =>
  timestamp.length <= MAX_TIME && INSTANT.test(timestamp.trim())
    ? []
    : ['the timestamp is not an ISO 8601 date and time like 2026-11-23T10:00:00Z; it is passed on unchanged']
