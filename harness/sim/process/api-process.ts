import type { EventRecord } from '@tidings/server/broker/broker.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database-broker.ts'
import type { Database } from '@tidings/server/db/database.ts'
import { createBatchWriter } from '@tidings/server/publish/batch-writer.ts'
import { createSimProcess, type SimProcess, type World } from './sim-process.ts'

/** A process of the role api. */
export interface Api extends SimProcess {
  /** A request to publish arrives. `respond` is called in the process, with the error if there is one. */
  publish(record: EventRecord, respond: (error?: unknown) => void): void
  /** A request about a subscription arrives. */
  call(work: (db: Database) => Promise<unknown>, respond: (error?: unknown) => void): void
}

export function createApi(world: World, name: string): Api {
  const base = createSimProcess(world, name)
  const { machine, log, pool } = base
  const broker = createDatabaseBroker({ writer: pool('publish'), notifies: true })
  const writer = createBatchWriter({ broker, log, machine })
  writer.start()

  return {
    ...base,
    publish: (record, respond) =>
      machine.deliver(() => {
        writer.submit(record).then(() => respond(), respond)
      }),
    call: (work, respond) =>
      machine.deliver(() => {
        work(pool('api')).then(() => respond(), respond)
      }),
  }
}
