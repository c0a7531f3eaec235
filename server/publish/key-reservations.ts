import { BrokerError, type EventRecord } from '../broker/broker.ts'
import type { Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { createGroupWriter, type GroupWriter } from './group.ts'

export interface KeyReservationsParts {
  /** A connection of its own. */
  readonly db: Db
  /** What writes the records, reserved or not. */
  readonly writer: GroupWriter
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * A writer for a broker that cannot compare contents: before a record with an Idempotency-Key goes there, its key is made to
 * stand for its content in the database. Keys that wait at the same moment share one statement. Without the database
 * such a record is answered "not stored"; one without a key does not need it. The deadline counts for both together.
 */
export function createReservingWriter({ db, writer, log, clock = () => performance.now() }: KeyReservationsParts): GroupWriter {
  const keys = createGroupWriter({ broker: { publish: (records) => reserve(db, records) }, target: 'idempotency keys', log, clock })

  return {
    async submit(record, failure, spentMs = 0) {
      if (record.contentHash === undefined) return writer.submit(record, failure, spentMs)
      const startedAt = clock()
      await keys.submit(record, failure, spentMs).catch((error: unknown) => {
        // Nobody knows whether the key is reserved, which harms nothing; the event surely is not stored.
        const isUnknown = error instanceof AppError && error.code === 'NTFAPI_PUBLISH_UNKNOWN'
        throw isUnknown ? new AppError(failure, { retryAfterS: 1, cause: error }) : error
      })
      return writer.submit(record, failure, spentMs + clock() - startedAt)
    },
    start() {
      for (const one of [keys, writer]) one.start()
    },
    async stop() {
      await keys.stop()
      await writer.stop()
    },
  }
}

/** Answers the records whose key stands for another content. What fails can be done again. */
async function reserve(db: Db, records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>> {
  try {
    const rows = await db.query<{ place: number }>(sql`
      select reserve_keys(${records.map((record) => record.uuid)}::uuid[], ${records.map((record) => record.contentHash ?? null)}::uuid[]) as place`)
    return new Set(rows.flatMap(({ place }) => records[place - 1] ?? []))
  } catch (error) {
    throw new BrokerError('not_stored', error)
  }
}
