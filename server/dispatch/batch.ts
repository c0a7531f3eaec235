import { NewerFormat, RECORD_FORMAT } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import type { FanOut } from '../lanes/fan-out.ts'
import type { DispatchedBatch } from '../lanes/intake.ts'
import type { DispatchedEvent } from '../lanes/known-rows.ts'
import { required } from '../runtime/required.ts'
import { dispatchRecords, positionsOfLarge, type DispatchRequest } from './dispatch-store.ts'
import { splitLargeEvents } from './large-events.ts'
import { numberRecords, type Numbering } from './number.ts'
import { takeRecords, type TakenRecord } from './take.ts'

export interface BatchDeps {
  readonly db: Database
  /** Returns the position up to which everything is settled, or waits in a lane that has a row. */
  readonly watermarkOf: (partition: number) => number
  /** Returns the fan-outs that are not over. */
  readonly fanOuts: () => readonly Pick<FanOut, 'laneSeries'>[]
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
 * notifications and cursors in one fenced statement, which is refused if any of what was read has changed. If it is
 * refused because events have too many matches, these become fan-outs. Rejects with a `DispatchFailed` when the
 * statement failed; with the database's error when nothing was to be written yet.
 */
export async function dispatchBatch(deps: BatchDeps, request: BatchRequest): Promise<BatchResult> {
  const taken = await takeRecords(deps.db, request.partitions, request.limitPerPartition)
  const newer = taken.find((record) => record.format > RECORD_FORMAT)
  if (newer) throw new NewerFormat(newer.partition, newer.format)
  if (taken.length === 0) return NOTHING
  const large = new Set<number>()
  for (;;) {
    const plan = planBatch(deps, request, taken, large)
    const sentAt = deps.clock()
    try {
      const rows = await dispatchRecords(deps.db, request.owned, plan.request)
      return { ...plan.result, matched: { ...plan.result.matched, rows, sentAt } }
    } catch (error) {
      const found = positionsOfLarge(error)
      if (found.length === 0)
        throw new DispatchFailed(
          plan.request.cursors.map(({ partition }) => partition),
          error,
        )
      for (const position of found) large.add(position)
    }
  }
}

interface PlannedBatch {
  readonly request: DispatchRequest
  /** What it comes to, but for the notifications. */
  readonly result: BatchResult
}

/** `large`: positions of events with too many matches. */
function planBatch(
  { watermarkOf, fanOuts }: BatchDeps,
  { limitPerPartition, parkAs }: BatchRequest,
  taken: readonly TakenRecord[],
  large: ReadonlySet<number>,
): PlannedBatch {
  const series = new Set(fanOuts().map(({ laneSeries }) => laneSeries))
  const { records, sliced, cut } = splitLargeEvents(taken, { large, series })
  const { readable, poison } = separatePoison(records, parkAs)
  const numbering = numberRecords(readable, lastNumbers(readable))
  const events = readable.filter((record) => record.kind === 'event')
  const numbered = events.map(({ partition, position }) => ({
    partition,
    position,
    number: numberOf(numbering, position),
  }))
  const cursors = cursorsOf(records)
  const isUnfinished = (partition: number, count: number) => count === limitPerPartition || cut.has(partition)
  const request: DispatchRequest = {
    cursors: cursors.map((cursor) => ({ ...cursor, watermark: watermarkOf(cursor.partition) })),
    events: numbered.filter(({ position }) => !sliced.has(position)),
    largeEvents: numbered.filter(({ position }) => sliced.has(position)),
    counters: countersOf(readable, numbering),
    removals: events.filter((record) => record.deletesSubscriptions),
    poison: poison.map(({ record: { partition, position, uuid }, reason }) => ({ partition, position, uuid, reason })),
  }
  return {
    request,
    result: {
      records: records.length,
      parked: poison.length,
      matched: {
        ...NOTHING.matched,
        hasFanOuts: request.largeEvents.length > 0,
        events: new Map(events.map((record) => [record.position, dispatchedEvent(record, numbering)])),
        cursors: new Map(cursors.map(({ partition, next }) => [partition, next])),
      },
      hasRemovals: request.removals.length > 0,
      unfinished: cursors.filter((one) => isUnfinished(one.partition, one.records)).map(({ partition }) => partition),
    },
  }
}

const NOTHING: BatchResult = {
  records: 0,
  parked: 0,
  matched: { rows: [], hasFanOuts: false, events: new Map(), cursors: new Map(), sentAt: 0 },
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
