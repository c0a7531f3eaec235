import type { TObject } from 'typebox'
import { withSuggestion } from '../runtime/suggestion.ts'
import { shown } from './shown-text.ts'

/** A header says no more. */
const MOST = 10

/** Members that the operation does not know: they are taken, as the original does, and mean nothing. */
export function unknownMembers(members: Readonly<Record<string, unknown>>, { properties }: Pick<TObject, 'properties'>): string[] {
  const known = Object.keys(properties)
  return Object.keys(members).filter((name) => !Object.hasOwn(properties, name)).slice(0, MOST)
    .map((name) => withSuggestion(`the member ${shown(name)} is unknown and was ignored`, name, known))
}

const DATE = String.raw`\d{4}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])`
const TIME = String.raw`(?:[01]\d|2[0-4])(?::?[0-5]\d(?::?(?:[0-5]\d|60))?)?(?:[.,]\d+)?`
const ZONE = String.raw`(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)`
/** ISO 8601, as programs write it, in the short form too; a blank for the T, as databases do. */
const INSTANT = new RegExp(`^${DATE}(?:[Tt ]${TIME}\\s?${ZONE}?)?$`, 'i')

/** Longer texts are no time. */
const MAX_TIME = 64

/** A `timestamp` is passed on as it is, whatever it says; receivers mostly want to read it. */
export const timeWarnings = ({ timestamp }: { readonly timestamp: string }): string[] =>
  timestamp.length <= MAX_TIME && INSTANT.test(timestamp.trim()) ? [] : ['the timestamp is no date and time of ISO 8601, like 2026-11-23T10:00:00Z; it is passed on as it is']
