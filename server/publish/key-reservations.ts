import { BrokerError, type EventRecord } from '../broker/broker.ts'
import { followersOf } from '../broker/chain.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createBatchWriter, type BatchWriter } from './batch-writer.ts'
import { PublishError } from './publish-error.ts'

export interface KeyReservationsDeps {
  /** A connection of its own. */
  readonly db: Db
  /** Writes the records, with or without a key. */
  readonly writer: BatchWriter
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * A writer for a broker that cannot compare contents: before it writes a record with an Idempotency-Key, it reserves
 * the key for this content in the database. Keys that wait at the same time share one statement. While the database is
 * away, such a record is not stored; one without a key does not need the database. Both steps share one deadline.
 */
export function createReservingWriter({
  db,
  writer,
  log,
  clock = () => performance.now(),
}: KeyReservationsDeps): BatchWriter {
  const keys = createBatchWriter({
    broker: { publish: (records) => reserve(db, records) },
    target: 'idempotency keys',
    log,
    clock,
  })

  /** Returns the records that must not be written: no key was reserved for them, or for one before them in a chain. */
  async function reserveAll(
    records: readonly EventRecord[],
    spentMs: number,
  ): Promise<ReadonlyMap<EventRecord, PublishError>> {
    const keyed = records.filter(({ contentHash }) => contentHash !== undefined)
    const outcomes = await keys.submitAll(keyed, spentMs)
    const failed = new Map(
      keyed.flatMap((record, index) => {
        const error = outcomes[index]
        return error ? [[record, asNotStored(error)] as const] : []
      }),
    )
    for (const follower of followersOf(records, failed))
      failed.set(follower, new PublishError('follows', follower.kind))
    return failed
  }

  return {
    async submit(record, spentMs = 0) {
      if (record.contentHash === undefined) return writer.submit(record, spentMs)
      const startedAt = clock()
      await keys.submit(record, spentMs).catch((error: unknown) => {
        throw error instanceof PublishError ? asNotStored(error) : error
      })
      return writer.submit(record, spentMs + clock() - startedAt)
    },
    async submitAll(records, spentMs = 0) {
      const startedAt = clock()
      const failed = await reserveAll(records, spentMs)
      const rest = records.filter((record) => !failed.has(record))
      const outcomes = await writer.submitAll(rest, spentMs + clock() - startedAt)
      const outcomeOf = new Map<EventRecord, PublishError | undefined>([
        ...failed,
        ...rest.map((record, index) => [record, outcomes[index]] as const),
      ])
      return records.map((record) => outcomeOf.get(record))
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

/** Whether the key is reserved may not be known, which does no harm; the event certainly is not stored. */
const asNotStored = (error: PublishError) =>
  error.kind === 'unknown' ? new PublishError('not_stored', error.recordKind) : error

/** Returns the records whose key stands for different content. Can be repeated after a failure. */
async function reserve(db: Db, records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>> {
  try {
    const rows = await db.query<{ place: number }>(sql`
      select reserve_keys(
        uuids => ${records.map((record) => record.uuid)}::uuid[],
        content_hashes => ${records.map((record) => record.contentHash ?? null)}::uuid[]) as place`)
    return new Set(rows.flatMap(({ place }) => records[place - 1] ?? []))
  } catch (error) {
    throw new BrokerError('not_stored', error)
  }
}
