import { MAX_CALLER_NAME } from '@tidings/contract/caller-name.ts'
import { hashKey } from '../db/hash-key.ts'
import type { SeriesRow } from './source-series.ts'

/** The counter of one series. */
export interface SeriesCounter {
  /** Must be the key that `seriesKeyOf` (publish/record.ts) gives its events, or they are numbered from 1 again. */
  readonly key: string
  /** The series number of its last event. */
  readonly number: number
}

export type SeriesConversion =
  | { readonly kind: 'take'; readonly counter: SeriesCounter }
  /** No event was numbered yet, or the subject or seriesId is blank: such events are in no series in this service. */
  | { readonly kind: 'without_number' }
  | { readonly kind: 'invalid'; readonly reason: string }

const KEY_PARTS = ['tenant', 'source', 'subject', 'seriesId'] as const
const TENANT_VIOLATION = `/tenant must have 1 to ${MAX_CALLER_NAME} characters`
const WHOLE_NUMBER = /^\d{1,16}$/

/** Decides whether a counter is copied. A reason names everything that is wrong with it. */
export function convertSeries(row: SeriesRow): SeriesConversion {
  if (!row.isShort) return { kind: 'invalid', reason: 'its texts are longer than 64 KiB' }
  const { tenant, source, subject, seriesId, count } = row
  const violations = [
    ...KEY_PARTS.flatMap((part) => (row[part] === null ? [`/${part} is missing`] : [])),
    ...(tenant === '' || (tenant ?? '').length > MAX_CALLER_NAME ? [TENANT_VIOLATION] : []),
    ...(isCount(count) ? [] : [`the counter is not an event number: ${count ?? 'null'}`]),
  ]
  if (violations.length > 0 || tenant === null || source === null || subject === null || seriesId === null)
    return { kind: 'invalid', reason: violations.join('; ') }
  const number = Number(count)
  if (number === 0 || subject.trim() === '' || seriesId.trim() === '') return { kind: 'without_number' }
  return { kind: 'take', counter: { key: hashKey(tenant, source, subject, seriesId), number } }
}

const isCount = (count: string | null) =>
  count !== null && WHOLE_NUMBER.test(count) && Number.isSafeInteger(Number(count))
