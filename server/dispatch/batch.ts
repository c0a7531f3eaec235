import { NewerFormat, RECORD_FORMAT } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import type { DispatchedBatch } from '../lanes/lane-keeper.ts'
import type { DispatchedEvent } from '../lanes/known-rows.ts'
import { required } from '../runtime/required.ts'
import { dispatchRecords, MAX_HOT_MATCHES, type DispatchRequest } from './dispatch-store.ts'
import { numberRecords, type Numbering } from './number.ts'
import { takeRecords, type TakenRecord } from './take.ts'

export interface BatchDeps {
  readonly db: Database
  /** Returns the position up to which everything is settled, or waits in a lane that has a row. */
  readonly watermarkOf: (partition: number) => number
  /** Monotonic clock in ms. */
  readonly clock: () => number
}

export interface BatchRequest {
  readonly owned: OwnedPartitions
  readonly partitions: readonly number[]
  readonly limitPerPartition: number
  /** Set for the head of one partition that failed alone: it is parked for this reason instead of dispatched. */
  readonly parkAs?: string
}

export interface BatchResult {
  readonly records: number
  readonly parked: number
  readonly matched: DispatchedBatch
  /** An event with deleteSubscriptionsMatchingSubject was among them. */
  readonly hasRemovals: boolean
  /** Partitions that may have more records. */
  readonly unfinished: readonly number[]
}

/** A dispatch whose statement was sent, with what it was about. */
export class DispatchFailed extends Error {
  readonly partitions: readonly number[]

  constructor(partitions: readonly number[], cause: unknown) {
    super('a dispatch failed', { cause })
    this.name = 'DispatchFailed'
    this.partitions = partitions
  }
}

/**
 * Dispatches the next records of these partitions: reads them with their counters, numbers them, and writes counters,
 * notifications and cursors in one fenced statement, which is refused if any of what was read has changed. Rejects with
 * a `DispatchFailed` when the statement failed; with the database's error when nothing was to be written yet.
 */
export async function dispatchBatch(
  { db, watermarkOf, clock }: BatchDeps,
  { owned, partitions, limitPerPartition, parkAs }: BatchRequest,
): Promise<BatchResult> {
  const taken = await takeRecords(db, partitions, limitPerPartition)
  const newer = taken.find((record) => record.format > RECORD_FORMAT)
  if (newer) throw new NewerFormat(newer.partition, newer.format)
  if (taken.length === 0) return NOTHING
  const { readable, poison } = separatePoison(taken, parkAs)
  const numbering = numberRecords(readable, lastNumbers(readable))
  const events = readable.filter((record) => record.kind === 'event')
  const cursors = cursorsOf(taken)
  const request: DispatchRequest = {
    cursors: cursors.map((cursor) => ({ ...cursor, watermark: watermarkOf(cursor.partition) })),
    events: events.map(({ partition, position }) => ({ partition, position, number: numberOf(numbering, position) })),
    counters: countersOf(readable, numbering),
    removals: events.filter((record) => record.deletesSubscriptions),
    poison: poison.map(({ record: { partition, position, uuid }, reason }) => ({ partition, position, uuid, reason })),
  }
  const sentAt = clock()
  const rows = await dispatchRecords(db, owned, request).catch((error: unknown) => {
    throw new DispatchFailed(
      cursors.map(({ partition }) => partition),
      error,
    )
  })
  return {
    records: taken.length,
    parked: poison.length,
    matched: {
      rows,
      areManyCold: rows.length > MAX_HOT_MATCHES,
      events: new Map(events.map((record) => [record.position, dispatchedEvent(record, numbering)])),
      cursors: new Map(cursors.map(({ partition, next }) => [partition, next])),
      sentAt,
    },
    hasRemovals: request.removals.length > 0,
    unfinished: cursors.filter(({ records }) => records === limitPerPartition).map(({ partition }) => partition),
  }
}

const NOTHING: BatchResult = {
  records: 0,
  parked: 0,
  matched: { rows: [], areManyCold: false, events: new Map(), cursors: new Map(), sentAt: 0 },
  hasRemovals: false,
  unfinished: [],
}

const numberOf = ({ numbers }: Numbering, position: number) => required(numbers.get(position), 'its number')

function dispatchedEvent(record: TakenRecord, numbering: Numbering): DispatchedEvent {
  const { position, uuid, seriesKey, deletesSubscriptions, body, seqOffset } = record
  return {
    number: numberOf(numbering, position),
    laneSeries: seriesKey ?? uuid,
    deletesSubscriptions,
    text: body === null || seqOffset === null ? undefined : { uuid, body, seqOffset },
  }
}

const lastNumbers = (records: readonly TakenRecord[]) =>
  new Map(
    records.flatMap(({ seriesKey, lastNumber }) =>
      seriesKey === null || lastNumber === null ? [] : [[seriesKey, lastNumber] as const],
    ),
  )

function countersOf(records: readonly TakenRecord[], { counters }: Numbering): DispatchRequest['counters'] {
  const first = new Map<string, TakenRecord>()
  for (const record of records)
    if (record.seriesKey !== null && !first.has(record.seriesKey)) first.set(record.seriesKey, record)
  return [...first].map(([key, { partition, lastNumber }]) => ({
    key,
    partition,
    before: lastNumber,
    after: counters.get(key) ?? null,
  }))
}

interface MovedCursor {
  readonly partition: number
  readonly was: number
  next: number
  records: number
}

/** Returns for each partition where its cursor was, the position of its last record, and how many records it has. */
function cursorsOf(taken: readonly TakenRecord[]): readonly Readonly<MovedCursor>[] {
  const cursors = new Map<number, MovedCursor>()
  for (const { partition, cursor, position } of taken) {
    const moved = cursors.get(partition)
    if (moved) {
      moved.next = Math.max(position, moved.next)
      moved.records += 1
    } else cursors.set(partition, { partition, was: cursor, next: position, records: 1 })
  }
  return [...cursors.values()]
}

interface Poison {
  readonly record: TakenRecord
  readonly reason: string
}

/** Separates the records that can be dispatched from those that are parked, which get no number. */
function separatePoison(
  taken: readonly TakenRecord[],
  parkAs: string | undefined,
): { readable: TakenRecord[]; poison: Poison[] } {
  const readable: TakenRecord[] = []
  const poison: Poison[] = []
  for (const record of taken) {
    const reason = parkAs ?? unreadable(record)
    if (reason === undefined) readable.push(record)
    else poison.push({ record, reason })
  }
  return { readable, poison }
}

function unreadable(record: TakenRecord): string | undefined {
  if (record.kind === 'event') return record.hasType ? undefined : 'an event without a type'
  if (record.kind === 'end_series') return record.seriesKey === null ? 'an end of no series' : undefined
  if (record.kind === 'undecodable') return 'a message that cannot be decoded'
  return 'a record of unknown kind'
}
