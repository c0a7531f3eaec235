import { isUuid } from '@tidings/contract/uuid.ts'
import type { SeriesName } from '../../sight/event-scans.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { Query } from '../http/query.ts'
import { parseTimestamp } from '../search/timestamp.ts'
import { rejectIfAny, type Violation } from '../violations.ts'

const MAX_LIMIT = 100
const CURSOR = /^[A-Za-z0-9_-]{40,4000}$/
const SECTION = /^([A-Za-z][A-Za-z0-9_~-]*|\*)$/

/** Reads query parameters, and remembers what is wrong with them. */
export interface SightQuery {
  text(name: string): string | undefined
  /** From 1 to 100. */
  limit(): number
  /** Judges the form of a cursor only; what it is for is judged when the page is read. */
  cursor(): void
  /** `source`, `subject` and `seriesId`, which go together; undefined: source and seriesId are not given. */
  series(): SeriesName | undefined
  uuid(name: string): string | undefined
  /** An ISO instant. */
  instant(name: string): string | undefined
  /** A type, whose sections may be `*`. */
  type(name: string): readonly [string, string, string] | undefined
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined
  violate(text: string): void
  /** Throws NTFAPI_SIGHT_PARAM_ERR, which names all that is wrong. */
  rejectIfWrong(): void
}

export function createSightQuery(query: Query): SightQuery {
  const violations: Violation[] = []
  const violate = (text: string) => void violations.push({ code: 'NTFAPI_SIGHT_PARAM_ERR', text })

  /** `undefined` from `read` is a violation. */
  function parsed<T>(name: string, form: string, read: (text: string) => T | undefined): T | undefined {
    const text = query.text(name)
    if (text === undefined) return undefined
    const value = read(text)
    if (value === undefined) violate(`${name} is not ${form}: ${sanitize(text)}`)
    return value
  }

  return {
    text: (name) => query.text(name),
    limit: () =>
      parsed('limit', `a whole number from 1 to ${MAX_LIMIT}`, (text) =>
        /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_LIMIT ? Number(text) : undefined,
      ) ?? MAX_LIMIT,
    cursor: () => void parsed('cursor', 'a cursor of this list', (text) => (CURSOR.test(text) ? text : undefined)),
    series: () => seriesIn(query, violate),
    uuid: (name) => parsed(name, 'a uuid', (text) => (isUuid(text) ? text.toLowerCase() : undefined)),
    instant: (name) => parsed(name, 'an instant like 2026-11-23T10:00:00Z', (text) => parseTimestamp(text)?.atOrAfter),
    type: (name) => parsed(name, 'service.category.detail, where each may be *', sectionsOf),
    oneOf: (name, words) => parsed(name, `one of ${words.join(', ')}`, (text) => words.find((word) => word === text)),
    violate,
    rejectIfWrong: () => rejectIfAny(violations),
  }
}

function sectionsOf(text: string): readonly [string, string, string] | undefined {
  const [service = '', category = '', detail = '', ...more] = text.split('.')
  return more.length === 0 && [service, category, detail].every((section) => SECTION.test(section))
    ? [service, category, detail]
    : undefined
}

function seriesIn(query: Query, violate: (text: string) => void): SeriesName | undefined {
  const [source, subject, seriesId] = [query.text('source'), query.text('subject'), query.text('seriesId')]
  if (source === undefined && seriesId === undefined) return undefined
  if (source !== undefined && subject !== undefined && seriesId !== undefined) return { source, subject, seriesId }
  violate('source, subject and seriesId name a series together')
  return undefined
}
