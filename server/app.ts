import type { Broker } from './broker/broker.ts'
import { createDatabaseBroker } from './broker/database.ts'
import { createRabbitMqBroker } from './broker/rabbitmq/rabbitmq.ts'
import { CANARY_TENANT } from './canary/store.ts'
import type { Config } from './config.ts'
import { closeDatabases, createDatabases, type Databases } from './databases.ts'
import { openDatabaseClock } from './db/database-clock.ts'
import type { Db } from './db/database.ts'
import { openInstallation, useRabbitMq, type Installation } from './db/installation.ts'
import { prepareDatabase } from './db/prepare.ts'
import { createDispatcher, type Dispatcher } from './dispatcher.ts'
import { createFront } from './front.ts'
import { offerImport } from './import/offer.ts'
import type { Log } from './log.ts'
import { createGroupWriter, type GroupWriter } from './publish/group.ts'
import { createReservingWriter } from './publish/key-reservations.ts'
import { createPublish } from './publish/publish.ts'

export interface AppParts {
  readonly config: Config
  /** Address of the database, asked at each new connection. */
  readonly databaseUrl: () => string
  /** No other process can be on this database. */
  readonly isAlone: boolean
  readonly log: Log
  /** Between two events of a test sequence; the contract's unless given. */
  readonly sequenceIntervalMs?: number | undefined
}

export interface App {
  /** To be called before the start. Rejects when no request could be answered, as far as that is known: the own site is not in the list. */
  check(): Promise<void>
  /** Resolves when the roles asked for run; answers where, e.g. `http://127.0.0.1:8080`. */
  start(): Promise<string>
  /** Finishes what is in flight, releases the partitions. */
  stop(): Promise<void>
}

/** The only place where parts meet. Rejects when the database cannot be used as it is. */
export async function createApp(parts: AppParts): Promise<App> {
  const schema = await prepareDatabase(parts.databaseUrl, parts.log)
  const databases = createDatabases(parts.databaseUrl, schema, parts.log)
  return assemble(parts, databases).catch(async (error: unknown) => {
    await closeDatabases(databases)
    throw error
  })
}

async function assemble({ config, databaseUrl, isAlone, log, sequenceIntervalMs }: AppParts, databases: Databases): Promise<App> {
  const installation = await openInstallation(databases.api, { partitions: config.partitions, brokerKind: config.broker ? 'rabbitmq' : 'database' })
  await offerImport({ db: databases.api, ownTenant: CANARY_TENANT, log })
  const clock = await openDatabaseClock({ db: databases.clock, log })
  const broker = createBroker({ config, databases, installation, now: clock.now, isAlone, onRecords: () => dispatcher?.wake(), log })
  const writer = createWriter(broker, { config, databases, log })
  const publish = createPublish({ writer, partitions: installation.partitions, now: clock.now })
  const dispatcher = config.role === 'api' ? undefined : createDispatcher({ config, databases, databaseUrl, broker, publish, now: clock.now, isAlone, log })
  const front = config.role === 'dispatcher' ? undefined : await createFront({ config, databases, broker, publish, now: clock.now, sequenceIntervalMs, log })

  return {
    check: () => front?.check() ?? Promise.resolve(),
    async start() {
      await startBroker(broker, { config, db: databases.api }).catch(async (error: unknown) => {
        await closeDatabases(databases)
        throw error
      })
      for (const worker of [clock, writer]) worker.start()
      const address = await front?.start()
      await startDispatcher(dispatcher, address)
      return address ?? 'dispatcher'
    },
    async stop() {
      // Together: a slow caller must not use up the time that the dispatcher needs to settle and to release.
      await Promise.all([front?.stop(), dispatcher?.stop()])
      await writer.stop() // both publish
      await broker.stop()
      await clock.stop()
      await closeDatabases(databases)
    },
  }
}

interface BrokerParts extends Pick<AppParts, 'config' | 'isAlone' | 'log'> {
  readonly databases: Databases
  readonly installation: Installation
  readonly now: () => Date
  /** There are records to dispatch. */
  readonly onRecords: () => void
}

const createBroker = ({ config, databases, installation, now, isAlone, onRecords, log }: BrokerParts): Broker => config.broker
  ? createRabbitMqBroker({ ...config.broker, installationId: installation.id, partitions: installation.partitions, onArrival: onRecords, now, log })
  : createDatabaseBroker({ writer: databases.publish, notifies: !isAlone, onStored: onRecords })

/** The database compares contents as it stores them; for another broker that is done before. */
function createWriter(broker: Broker, { config, databases, log }: Pick<BrokerParts, 'config' | 'databases' | 'log'>): GroupWriter {
  const writer = createGroupWriter({ broker, log })
  return config.broker ? createReservingWriter({ db: databases.publish, writer, log }) : writer
}

async function startBroker(broker: Broker, { config, db }: { readonly config: Config; readonly db: Db }): Promise<void> {
  await broker.start()
  if (!config.broker) return
  await useRabbitMq(db).catch(async (error: unknown) => {
    await broker.stop()
    throw error
  })
}

async function startDispatcher(dispatcher: Dispatcher | undefined, address: string | undefined): Promise<void> {
  dispatcher?.announce(address ?? 'dispatcher')
  dispatcher?.start()
  await dispatcher?.working()
}
