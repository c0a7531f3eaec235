import pg from 'pg'
import { isContentError } from '../db/content-error.ts'
import { DatabaseUnreachable, type Database } from '../db/database.ts'
import { BrokerError, type Broker } from './broker.ts'
import { insertRecords, moveCursors, readAfterCursor } from './inbox.ts'

export interface DatabaseBrokerParts {
  /** One connection, so that one group is on its way at a time. */
  readonly writer: Database
  /** Whether dispatchers in other processes have to be told by NOTIFY. */
  readonly notifies: boolean
  /** Records became durable: a dispatcher in this process may look at once. */
  readonly onStored?: () => void
}

/** The database as broker: the event table is the inbox, a cursor per partition is the acknowledgement. */
export function createDatabaseBroker({ writer, notifies, onStored }: DatabaseBrokerParts): Broker {
  return {
    async publish(records) {
      try {
        const reused = await insertRecords(writer, records, notifies)
        onStored?.()
        return reused
      } catch (error) {
        throw new BrokerError(outcomeOf(error), error)
      }
    },
    take: readAfterCursor,
    advance: moveCursors,
    // The cursor tells it all: nothing is held outside the tables.
    committed: () => undefined,
    hold: () => Promise.resolve(),
    trouble: () => undefined,
    // Without the database there is no lease either.
    isCutOff: () => false,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
}

/** After an error of the server the statement is known to have been rolled back. */
function outcomeOf(error: unknown): BrokerError['outcome'] {
  if (error instanceof DatabaseUnreachable) return 'not_stored'
  if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') return 'unknown'
  return isContentError(error) ? 'refused' : 'not_stored'
}
