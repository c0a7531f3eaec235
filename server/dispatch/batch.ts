import { NewerFormat, RECORD_FORMAT, type Broker, type TakenRecord } from '../broker/broker.ts'
import { DISPATCH_LOCKS } from '../db/advisory-locks.ts'
import type { Database, Db } from '../db/database.ts'
import { lockOwned, type Holding } from '../db/fence.ts'
import { sql } from '../db/sql.ts'
import { insertMatches, type MatchedAddress } from './match.ts'
import { numberRecords } from './number.ts'
import { parkRecords } from './poison.ts'
import { readCounters, saveCounters } from './series-store.ts'

export interface BatchParts {
  readonly db: Database
  readonly broker: Pick<Broker, 'take' | 'advance' | 'committed'>
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

/**
 * Dispatches the next records of these partitions in one transaction: still the owner? number, match, insert, move the
 * cursor. Holds share locks on the partitions and locks on the lanes it adds to until the commit.
 */
export async function dispatchBatch({ db, broker }: BatchParts, request: BatchRequest): Promise<BatchResult> {
  const result = await db.transaction(async (tx) => {
    const [, , taken] = await Promise.all([
      lockOwned(tx, request.holding, request.partitions),
      waitForOthers(tx, request.partitions),
      broker.take(tx, request.partitions, request.limitPerPartition),
    ])
    if (taken.length === 0) return { records: 0, parked: 0, matched: [], hasRemovals: false }
    const newer = taken.find((record) => record.format > RECORD_FORMAT)
    if (newer) throw new NewerFormat(newer.partition, newer.format)
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
  broker.committed(request.partitions)
  return result
}

/**
 * One dispatch of a partition at a time, until the commit. The fence keeps other processes away, but a transaction whose
 * connection this process has lost may still be on its way in the database: it numbers and moves cursors too.
 */
const waitForOthers = (tx: Db, partitions: readonly number[]) => tx.query(sql`
  select pg_advisory_xact_lock(${DISPATCH_LOCKS}::integer, id)
  from (select id::integer from unnest(${partitions}::smallint[]) as id order by 1) as sorted`)

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
  if (record.kind === 'undecodable') return 'a message that cannot be decoded'
  return 'a record of unknown kind'
}
