import { RECORD_FORMAT, type Broker, type TakenRecord } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import { lockOwned, type Holding } from '../db/fence.ts'
import { insertMatches, type MatchedAddress } from './match.ts'
import { numberRecords } from './number.ts'
import { parkRecords } from './poison.ts'
import { readCounters, saveCounters } from './series-store.ts'

export interface BatchParts {
  readonly db: Database
  readonly broker: Pick<Broker, 'take' | 'advance'>
}

export interface BatchRequest {
  readonly holding: Holding
  readonly partitions: readonly number[]
  readonly limitPerPartition: number
  /** Set for the head of one partition that has failed alone: it is parked for this reason instead of dispatched. */
  readonly parkAs?: string
}

export interface BatchResult {
  readonly records: number
  readonly parked: number
  readonly matched: readonly MatchedAddress[]
  /** An event with deleteSubscriptionsMatchingSubject was among them. */
  readonly hasRemovals: boolean
}

/** A record of a newer version is in this partition: only a newer process can go on there. */
export class NewerFormat extends Error {
  readonly partition: number

  constructor(partition: number) {
    super(`partition ${partition} holds a record of a newer format`)
    this.name = 'NewerFormat'
    this.partition = partition
  }
}

/**
 * Dispatches the next records of these partitions in one transaction: still the owner? number, match, insert, move the
 * cursor. Holds share locks on the partitions and locks on the lanes it adds to until the commit.
 */
export async function dispatchBatch({ db, broker }: BatchParts, request: BatchRequest): Promise<BatchResult> {
  return db.transaction(async (tx) => {
    const [, taken] = await Promise.all([lockOwned(tx, request.holding, request.partitions), broker.take(tx, request.partitions, request.limitPerPartition)])
    if (taken.length === 0) return { records: 0, parked: 0, matched: [], hasRemovals: false }
    const newer = taken.find((record) => record.format > RECORD_FORMAT)
    if (newer) throw new NewerFormat(newer.partition)
    const { readable, poison } = sortOut(taken, request.parkAs)
    const { numbers, counters } = numberRecords(readable, await readCounters(tx, readable))
    const events = readable.filter((record) => record.kind === 'event').map(({ partition, position }) => ({ partition, position, number: numbers.get(position) ?? -1 }))
    // All that is left is sent at once: nothing here needs an answer of the one before.
    const [matched] = await Promise.all([
      events.length === 0 ? [] : insertMatches(tx, events),
      saveCounters(tx, counters, readable),
      parkRecords(tx, poison),
      broker.advance(tx, taken),
      tx.commit(),
    ])
    return { records: taken.length, parked: poison.length, matched, hasRemovals: readable.some((record) => record.deletesSubscriptions) }
  })
}

interface Poison {
  readonly record: TakenRecord
  readonly reason: string
}

/** Records that cannot be decoded take no number and no part. */
function sortOut(taken: readonly TakenRecord[], parkAs: string | undefined): { readable: TakenRecord[]; poison: Poison[] } {
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
  return `a record of unknown kind`
}
