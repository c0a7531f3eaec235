import { randomUUID } from 'node:crypto'
import type { EventInput } from '@tidings/contract/event.ts'
import type { Broker, EventRecord } from '@tidings/server/broker/broker.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { dispatchBatch, type BatchRequest, type BatchResult } from '@tidings/server/dispatch/batch.ts'
import { createLog } from '@tidings/server/log.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { vi } from 'vitest'
import { connectBroker, type BrokerAddress } from './broker-connection.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

export interface Engines {
  readonly databaseServer: string
  readonly brokerUrl: string | undefined
}

/** An installation whose processes are played by the test. */
export interface BrokerPlace {
  readonly db: TestDatabase
  readonly address: BrokerAddress
  /** One process more. */
  join(): Promise<Member>
  record(event?: Partial<EventInput>): EventRecord
  /** Uuids of what was dispatched, in the order of their positions. */
  dispatched(): Promise<string[]>
  close(): Promise<void>
}

/** What a process of the service does with the broker, step by step. */
export interface Member {
  readonly broker: Broker
  /** The request that covers all partitions, once `own` was called. */
  request(): BatchRequest
  /** Takes over all partitions from whoever has them. */
  own(): Promise<void>
  /** Stores events, as a group. */
  publish(...events: readonly Partial<EventInput>[]): Promise<EventRecord[]>
  /** One batch of all that waits at the moment. */
  dispatch(request?: Partial<BatchRequest>): Promise<BatchResult>
  /** Batches until so many records were dealt with. Answers the size of each that had any. */
  dispatchAll(count: number, request?: Partial<BatchRequest>): Promise<number[]>
  leave(): Promise<void>
}

const log = createLog({ level: 'silent' })

export async function openPlace({ databaseServer, brokerUrl }: Engines, { partitions = 4 } = {}): Promise<BrokerPlace> {
  const db = await createTestDatabase({ server: databaseServer, maxConnections: 12 })
  const installation = await openInstallation(db, { partitions, brokerKind: brokerUrl === undefined ? 'database' : 'rabbitmq' })
  const address = { databaseUrl: db.url, brokerUrl, installation }
  const brokers: Broker[] = []
  const record = (event: Partial<EventInput> = {}) => eventRecord(
    { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'subject', seriesId: 'series', ...event }, { tenant: 'dev', user: 'jdoe', service: 'jobs' }, partitions, new Date())

  return {
    db, address, record,
    async join() {
      const broker = connectBroker(address, log)
      brokers.push(broker)
      await broker.start()
      return memberOf(broker, db, partitions, record)
    },
    async dispatched() {
      const rows = await db.query<{ uuid: string }>(sql`
        select event.uuid from event join partition_cursor using (partition)
        where event.position <= partition_cursor.position
        order by event.position`)
      return rows.map(({ uuid }) => uuid)
    },
    async close() {
      await Promise.all(brokers.map((broker) => broker.stop()))
      await db.drop()
    },
  }
}

function memberOf(broker: Broker, db: TestDatabase, partitionCount: number, record: BrokerPlace['record']): Member {
  const partitions = Array.from({ length: partitionCount }, (_, id) => id)
  const ownerId = randomUUID()
  let epochs: ReadonlyMap<number, number> = new Map()
  const request = () => ({ holding: { ownerId, epochs }, partitions, limitPerPartition: 500 })
  const dispatch = (change: Partial<BatchRequest> = {}) => dispatchBatch({ db, broker }, { ...request(), ...change })

  async function dispatchAll(count: number, change: Partial<BatchRequest> = {}): Promise<number[]> {
    const sizes: number[] = []
    let left = count
    await vi.waitFor(async () => {
      while (left > 0) {
        const { records } = await dispatch(change)
        if (records === 0) throw new Error(`${left} of ${count} are missing`)
        sizes.push(records)
        left -= records
      }
    }, { timeout: 20_000, interval: 10 })
    return sizes
  }

  return {
    broker, request, dispatch, dispatchAll,
    async own() {
      const rows = await db.query<{ id: number; epoch: number }>(sql`update partition set owner = ${ownerId}, epoch = epoch + 1 returning id, epoch`)
      epochs = new Map(rows.map(({ id, epoch }) => [id, epoch]))
      await broker.hold(partitions)
    },
    async publish(...events) {
      const records = events.map(record)
      await broker.publish(records)
      return records
    },
    leave: () => broker.stop(),
  }
}
