import { hashKey } from '../db/hash-key.ts'
import type { SeriesRow } from './source-series.ts'

/** The counter of one series. */
export interface Counter {
  /** See `seriesKeyOf` of the publish stage, which makes the same of an event. */
  readonly key: string
  /** The number that was given last. */
  readonly number: number
}

export type SeriesVerdict =
  | { readonly kind: 'take'; readonly counter: Counter }
  /** No number was given, or its events are in no series here. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'invalid'; readonly reason: string }

const PARTS = ['tenant', 'source', 'subject', 'seriesId'] as const
const MAX_TENANT = 250
const WHOLE = /^\d{1,16}$/

/** Decides what is copied. A reason names every fault. */
export function judgeSeries(row: SeriesRow): SeriesVerdict {
  if (!row.isShort) return { kind: 'invalid', reason: 'its texts are longer than 64 KiB' }
  const { tenant, source, subject, seriesId, count } = row
  const faults = [
    ...PARTS.flatMap((part) => (row[part] === null ? [`/${part} is missing`] : [])),
    ...(tenant === '' || (tenant ?? '').length > MAX_TENANT ? ['/tenant must have 1 to 250 characters'] : []),
    ...(isCount(count) ? [] : [`the counter is no number of an event: ${count ?? 'null'}`]),
  ]
  if (faults.length > 0 || tenant === null || source === null || subject === null || seriesId === null) return { kind: 'invalid', reason: faults.join('; ') }
  const number = Number(count)
  if (number === 0 || subject.trim() === '' || seriesId.trim() === '') return { kind: 'nothing' }
  return { kind: 'take', counter: { key: hashKey(tenant, source, subject, seriesId), number } }
}

const isCount = (count: string | null) => count !== null && WHOLE.test(count) && Number.isSafeInteger(Number(count))
