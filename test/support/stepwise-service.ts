import { randomUUID } from 'node:crypto'
import type { EventInput } from '@tidings/contract/event.ts'
import type { Broker, EventRecord } from '@tidings/server/broker/broker.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database-broker.ts'
import type { OwnedPartitions } from '@tidings/server/db/fence.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { readFanOuts } from '@tidings/server/lanes/fan-out.ts'
import { laneKeyText } from '@tidings/server/lanes/lane-model.ts'
import { readUnsettled, type UnsettledRow } from '@tidings/server/lanes/looks.ts'
import { dispatchBatch, type BatchRequest, type BatchResult } from '@tidings/server/dispatch/batch.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { onTestFinished } from 'vitest'
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
import { storeWebhookSubscription, takePartitions } from './stored-state.ts'

/** What the service does in loops, done step by step by a test that owns all partitions. Nothing else runs. */
export interface StepwiseService {
  readonly db: TestDatabase
  readonly broker: Broker
  readonly owned: OwnedPartitions
  readonly partitions: readonly number[]
  /** A subscription with one webhook, to all events of `dev`. */
  subscribe(address: string): Promise<void>
  /** Stores events, as the service does after it has accepted them. */
  publish(...events: readonly Partial<EventInput>[]): Promise<EventRecord[]>
  /** One batch of all that waits. No watermark moves, for nobody keeps lanes in memory. */
  dispatch(request?: Partial<BatchRequest>): Promise<BatchResult>
  /** The first notification of each lane that is not settled, by position in each partition. */
  heads(): Promise<UnsettledRow[]>
  stop(): Promise<void>
}

export interface StepwiseOptions {
  readonly partitionCount?: number
  readonly database?: TestDatabaseOptions
}

export async function openStepwiseService({
  partitionCount = 4,
  database = { maxConnections: 12 },
}: StepwiseOptions = {}): Promise<StepwiseService> {
  const db = await createTestDatabase(database)
  await openInstallation(db, { partitions: partitionCount, brokerKind: 'database' })
  const ownerId = randomUUID()
  const partitions = Array.from({ length: partitionCount }, (_, id) => id)
  const owned = { ownerId, epochs: await takePartitions(db, ownerId, 7) }
  const broker = createDatabaseBroker({ writer: db, notifies: false })

  return {
    db,
    broker,
    owned,
    partitions,
    async subscribe(address) {
      await storeWebhookSubscription(db, address)
    },
    async publish(...events) {
      const records = events.map((event) =>
        eventRecord(
          { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'subject', seriesId: 'series', ...event },
          { tenant: 'dev', user: 'jdoe', service: 'jobs' },
          partitionCount,
          new Date(),
        ),
      )
      await broker.publish(records)
      return records
    },
    async dispatch(request = {}) {
      const fanOuts = await readFanOuts(
        db,
        partitions.map((partition) => ({ partition, after: 0 })),
      )
      return dispatchBatch(
        { db, watermarkOf: () => 0, fanOuts: () => fanOuts, clock: () => performance.now() },
        { owned, partitions, limitPerPartition: 500, ...request },
      )
    },
    async heads() {
      const first = new Map<string, UnsettledRow>()
      for (const partition of partitions)
        for (const one of await readUnsettled(db, partition, 0, 10_000))
          if (!first.has(laneKeyText(one))) first.set(laneKeyText(one), one)
      return [...first.values()]
    },
    async stop() {
      await db.drop()
    },
  }
}

/** Something that others wait for. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

/**
 * It opens at the end of the test at the latest, so that a failure leaves nobody waiting. A concurrent test gives its
 * own hook.
 */
export function createGate(atEnd: (open: () => void) => void = onTestFinished): Gate {
  const { promise: opened, resolve: open } = deferred()
  atEnd(open)
  return { opened, open }
}
