import pg from 'pg'
import { isContentError } from '../db/content-error.ts'
import { DatabaseUnreachable, type Database } from '../db/database.ts'
import { BrokerError, type Broker, type EventRecord } from './broker.ts'
import { followersOf } from './chain.ts'
import { insertRecords } from './inbox.ts'

export interface DatabaseBrokerDeps {
  /** A single connection, so that one group is in flight at a time. */
  readonly writer: Database
  /** Whether dispatchers in other processes need a NOTIFY. */
  readonly notifies: boolean
  /** Called when records became durable: a dispatcher in this process may take them at once. */
  readonly onStored?: (partitions: ReadonlySet<number>) => void
}

/** The database as broker: the event table is the inbox, a cursor per partition is the acknowledgement. */
export function createDatabaseBroker({ writer, notifies, onStored }: DatabaseBrokerDeps): Broker {
  return {
    async publish(records) {
      try {
        const reused = await insertInOrder(writer, records, notifies)
        onStored?.(new Set(records.map(({ partition }) => partition)))
        return reused
      } catch (error) {
        throw new BrokerError(publishOutcomeOf(error), error)
      }
    },
    // What is published is in the inbox.
    assign: () => Promise.resolve(),
    problem: () => undefined,
    // Without the database there is no lease either.
    isDisconnected: () => false,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
}

/** What an insert has found before it was rolled back. */
class RolledBack extends Error {
  readonly reused: ReadonlySet<EventRecord>

  constructor(reused: ReadonlySet<EventRecord>) {
    super('rolled back')
    this.reused = reused
  }
}

/**
 * Inserts a group of records, but none that follows a reused key in its chain. Keys are compared by the insert itself,
 * so when there is such a record all of it is rolled back, and repeated without what must not be stored.
 */
async function insertInOrder(
  writer: Database,
  records: readonly EventRecord[],
  notifies: boolean,
): Promise<ReadonlySet<EventRecord>> {
  const reused = new Set<EventRecord>()
  for (let rest = records; rest.length > 0;) {
    const found = await insertUnlessFollowed(writer, rest, notifies)
    for (const record of found) reused.add(record)
    const followers = followersOf(rest, found)
    if (followers.size === 0) break
    rest = rest.filter((record) => !found.has(record) && !followers.has(record))
  }
  return reused
}

/** Inserts all of the records, or none when a reused key has followers. */
function insertUnlessFollowed(
  writer: Database,
  records: readonly EventRecord[],
  notifies: boolean,
): Promise<ReadonlySet<EventRecord>> {
  const mayBeFollowed = records.some(({ chain, contentHash }) => chain !== undefined && contentHash !== undefined)
  if (!mayBeFollowed) return insertRecords(writer, records, notifies)
  return writer
    .transaction(async (tx) => {
      const reused = await insertRecords(tx, records, notifies)
      if (followersOf(records, reused).size > 0) throw new RolledBack(reused)
      return reused
    })
    .catch((error: unknown) => {
      if (error instanceof RolledBack) return error.reused
      throw error
    })
}

/** After an error of the server the statement is known to have been rolled back. */
function publishOutcomeOf(error: unknown): BrokerError['outcome'] {
  if (error instanceof DatabaseUnreachable) return 'not_stored'
  if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') return 'unknown'
  return isContentError(error) ? 'rejected' : 'not_stored'
}
