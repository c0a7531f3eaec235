import { randomUUID } from 'node:crypto'
import type { EventInput } from '@tidings/contract/event.ts'
import type { Broker, EventRecord } from '@tidings/server/broker/broker.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database.ts'
import type { Holding } from '@tidings/server/db/fence.ts'
import { hashKey } from '@tidings/server/db/hash-key.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { claimHeads, scanPairs, type ClaimedHead, type LaneKey } from '@tidings/server/delivery/lane.ts'
import type { Settlement } from '@tidings/server/delivery/settle-store.ts'
import { dispatchBatch, type BatchRequest, type BatchResult } from '@tidings/server/dispatch/batch.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { onTestFinished } from 'vitest'
import { createTestDatabase, type TestDatabase } from './database.ts'

/** What the service does in loops, done step by step by a test that owns all partitions. Nothing else runs. */
export interface Steps {
  readonly db: TestDatabase
  readonly broker: Broker
  readonly holding: Holding
  readonly partitions: readonly number[]
  /** A subscription with one webhook, to all events of `dev`. */
  subscribe(address: string): Promise<void>
  /** Stores events, as the service does after it has accepted them. */
  publish(...events: readonly Partial<EventInput>[]): Promise<EventRecord[]>
  /** One batch of all that waits. */
  dispatch(request?: Partial<BatchRequest>): Promise<BatchResult>
  /** Due heads of all lanes but these. */
  claim(busy?: readonly LaneKey[]): Promise<ClaimedHead[]>
  stop(): Promise<void>
}

export async function openSteps({ partitionCount = 4 } = {}): Promise<Steps> {
  const db = await createTestDatabase({ maxConnections: 12 })
  await openInstallation(db, { partitions: partitionCount, brokerKind: 'database' })
  const ownerId = randomUUID()
  await db.query(sql`update partition set owner = ${ownerId}, epoch = 7`)
  const partitions = Array.from({ length: partitionCount }, (_, id) => id)
  const holding = { ownerId, epochs: new Map(partitions.map((id) => [id, 7])) }
  const broker = createDatabaseBroker({ writer: db, notifies: false })

  return {
    db, broker, holding, partitions,
    async subscribe(address) {
      await db.query(sql`
        with made as (
          insert into subscription (uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes)
          values (${randomUUID()}, 'dev', 'jdoe', ${randomUUID()}, true, 'jobs.*.*', 'jobs', '*', '*', '*', 0)
          returning id)
        insert into delivery_target (subscription_id, ordinal, method, address, address_key)
        select id, 0, 'WEBHOOK', ${address}, ${hashKey(address)} from made`)
    },
    async publish(...events) {
      const records = events.map((event) => eventRecord({ source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'subject', seriesId: 'series', ...event }, { tenant: 'dev', user: 'jdoe', service: 'jobs' }, partitionCount, new Date()))
      await broker.publish(records)
      return records
    },
    dispatch: (request = {}) => dispatchBatch({ db, broker }, { holding, partitions, limitPerPartition: 500, ...request }),
    async claim(busy = []) {
      const pairs = await scanPairs(db, 'WEBHOOK', partitions)
      return claimHeads(db, { method: 'WEBHOOK', holding, perPair: pairs.map((pair) => ({ pair, limit: 100 })), bytes: 1e9, busy })
    },
    async stop() {
      await db.drop()
    },
  }
}

/** The settlement of a head that was delivered, unless something else is said. */
export const settled = (head: ClaimedHead, outcome: Partial<Settlement> = {}): Settlement => ({
  targetId: head.targetId, laneSeries: head.laneSeries, partition: head.partition, position: head.position,
  attempts: head.attempts + 1, kind: 'delivered', httpStatus: 200, reason: null, durationMs: 1, delayMs: 0, ...outcome,
})

/** Something that others wait for. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/** It opens at the end of the test at the latest, so that a failure leaves nobody waiting. A concurrent test gives its own hook. */
export function createGate(atEnd: (open: () => void) => void = onTestFinished): Gate {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  atEnd(open)
  return { opened, open }
}
