import { randomUUID } from 'node:crypto'
import type { EventInput } from '@tidings/contract/event.ts'
import { NewerFormat, type Broker, type EventRecord } from '@tidings/server/broker/broker.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { dispatchBatch, type BatchRequest, type BatchResult } from '@tidings/server/dispatch/batch.ts'
import { createLog } from '@tidings/server/log.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { vi } from 'vitest'
import { connectBroker, type BrokerAddress, type BrokerOwner } from './connect-broker.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { dispatchedEvents, takePartitions } from './stored-state.ts'

export interface TestbedServers {
  readonly databaseServer: string
  readonly brokerUrl: string | undefined
}

/** An installation whose processes are played by the test. */
export interface BrokerTestbed {
  readonly db: TestDatabase
  readonly address: BrokerAddress
  /** One process more. */
  addProcess(): Promise<TestbedProcess>
  record(event?: Partial<EventInput>): EventRecord
  /** Uuids of what was dispatched, in the order of their positions. */
  dispatched(): Promise<string[]>
  close(): Promise<void>
}

/** What a process of the service does with the broker, step by step. */
export interface TestbedProcess {
  readonly broker: Broker
  /** Partitions whose next record has a newer format. */
  refused(): number[]
  /** The request that covers all partitions, once `own` was called. */
  request(): BatchRequest
  /** Takes over all partitions from whoever has them. */
  takeOver(): Promise<void>
  /** Stores events, those of a partition as a group. */
  publish(...events: readonly Partial<EventInput>[]): Promise<EventRecord[]>
  /** One batch of all that waits at the moment. */
  dispatch(request?: Partial<BatchRequest>): Promise<BatchResult>
  /** Batches until so many records were dealt with. Returns the size of each that had any. */
  dispatchAll(count: number, request?: Partial<BatchRequest>): Promise<number[]>
  stop(): Promise<void>
}

const log = createLog({ level: 'silent' })

export async function openBrokerTestbed(
  { databaseServer, brokerUrl }: TestbedServers,
  { partitions = 4 } = {},
): Promise<BrokerTestbed> {
  const db = await createTestDatabase({ server: databaseServer, maxConnections: 12 })
  const installation = await openInstallation(db, {
    partitions,
    brokerKind: brokerUrl === undefined ? 'database' : 'rabbitmq',
  })
  const address = { databaseUrl: db.url, brokerUrl, installation }
  const brokers: Broker[] = []
  const record = (event: Partial<EventInput> = {}) =>
    eventRecord(
      { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'subject', seriesId: 'series', ...event },
      { tenant: 'dev', user: 'jdoe', service: 'jobs' },
      partitions,
      new Date(),
    )

  return {
    db,
    address,
    record,
    async addProcess() {
      const process = createTestbedProcess((owner) => connectBroker(address, log, owner), db, partitions, record)
      brokers.push(process.broker)
      await process.broker.start()
      return process
    },
    dispatched: () => dispatchedEvents(db),
    async close() {
      await Promise.all(brokers.map((broker) => broker.stop()))
      await db.drop()
    },
  }
}

function createTestbedProcess(
  connect: (owner: BrokerOwner) => Broker,
  db: TestDatabase,
  partitionCount: number,
  record: BrokerTestbed['record'],
): TestbedProcess {
  const partitions = Array.from({ length: partitionCount }, (_, id) => id)
  const ownerId = randomUUID()
  let epochs: ReadonlyMap<number, number> = new Map()
  const request = () => ({ owned: { ownerId, epochs }, partitions, limitPerPartition: 500 })
  const refused = new Set<number>()
  const broker = connect({ owned: () => request().owned, onNewerFormat: (partition) => refused.add(partition) })
  const dispatch = (change: Partial<BatchRequest> = {}) =>
    dispatchBatch(
      { db, watermarkOf: () => 0, fanOuts: () => [], clock: () => performance.now() },
      { ...request(), ...change },
    ).catch((error: unknown) => {
      if (error instanceof NewerFormat) refused.add(error.partition)
      throw error
    })

  async function dispatchAll(count: number, change: Partial<BatchRequest> = {}): Promise<number[]> {
    const sizes: number[] = []
    let left = count
    await vi.waitFor(
      async () => {
        while (left > 0) {
          const { records } = await dispatch(change)
          if (records === 0) throw new Error(`${left} of ${count} are missing`)
          sizes.push(records)
          left -= records
        }
      },
      { timeout: 20_000, interval: 10 },
    )
    return sizes
  }

  return {
    broker,
    refused: () => [...refused],
    request,
    dispatch,
    dispatchAll,
    async takeOver() {
      epochs = await takePartitions(db, ownerId)
      await broker.assign(partitions)
    },
    async publish(...events) {
      const records = events.map(record)
      await publishAll(broker, records)
      return records
    },
    stop: () => broker.stop(),
  }
}

/** As the service does, which writes records of one partition at a time when there are queues. */
const publishAll = (broker: Broker, records: readonly EventRecord[]) =>
  Promise.all(
    [...new Set(records.map(({ partition }) => partition))].map((partition) =>
      broker.publish(records.filter((record) => record.partition === partition)),
    ),
  )
