import { createApi } from './api/api.ts'
import { MAX_CONNECTIONS } from './api/http.ts'
import { createAuthenticator } from './api/auth/caller.ts'
import { openTenants } from './api/auth/open-tenants.ts'
import { checkOwnSite } from './api/auth/own-site.ts'
import { openAdmins } from './api/admins/open-admins.ts'
import { createSequencePublisher } from './api/test-sequences/publisher.ts'
import type { Broker } from './broker/broker.ts'
import { createDatabaseBroker } from './broker/database.ts'
import { createRabbitMqBroker } from './broker/rabbitmq/rabbitmq.ts'
import { createLastCanary } from './canary/last-canary.ts'
import { CANARY_TENANT } from './canary/store.ts'
import type { Config } from './config.ts'
import { closeDatabases, createDatabases, type Databases } from './databases.ts'
import type { Db } from './db/database.ts'
import { openInstallation, useRabbitMq, type Installation } from './db/installation.ts'
import { prepareDatabase } from './db/prepare.ts'
import { createDispatcher, type Dispatcher } from './dispatcher.ts'
import { offerImport } from './import/offer.ts'
import type { Log } from './log.ts'
import { createGroupWriter } from './publish/group.ts'
import { createPublish } from './publish/publish.ts'
import { createReach } from './reach.ts'
import { createReadyChecks } from './readiness.ts'
import { openFilesLimit } from './runtime/open-files.ts'

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
  const broker = createBroker({ config, databases, installation, isAlone, onRecords: () => dispatcher?.wake(), log })
  const writer = createGroupWriter({ broker, log })
  const publish = createPublish({ writer, partitions: installation.partitions })
  const dispatcher = config.role === 'api' ? undefined : createDispatcher({ config, databases, databaseUrl, broker, publish, isAlone, log })
  const front = config.role === 'dispatcher' ? undefined : await createFront()

  /** The api and what publishes for it. */
  async function createFront(): Promise<App> {
    const tenants = await openTenants(config, log)
    const sequences = createSequencePublisher({ db: databases.api, publish, intervalMs: sequenceIntervalMs, log })
    const api = createApi({
      host: config.host,
      port: config.port,
      publicUrl: config.publicUrl,
      db: databases.api,
      callbackDb: databases.callback,
      searchDb: databases.search,
      longListDb: databases.longLists,
      authenticator: createAuthenticator({ tenants, siteId: config.siteId, allowedServices: config.allowedServices, log }),
      admins: openAdmins(config, { tenants, log }),
      publish,
      sequences,
      checks: createReadyChecks({ tenants, siteId: config.siteId, db: databases.probes, broker }),
      trustedProxies: config.trustedProxies,
      maxConnections: await roomForConnections(),
      reach: createReach(config),
      lastCanary: createLastCanary({ db: databases.probes, isOn: config.canaryIntervalMs > 0 }),
      log,
    })
    return {
      check: () => checkOwnSite(tenants, config),
      async start() {
        for (const worker of [tenants, sequences]) worker.start()
        return api.start()
      },
      async stop() {
        await Promise.all([api.stop(), sequences.stop()])
        await tenants.stop()
      },
    }
  }

  return {
    check: () => front?.check() ?? Promise.resolve(),
    async start() {
      await startBroker(broker, { config, db: databases.api }).catch(async (error: unknown) => {
        await closeDatabases(databases)
        throw error
      })
      writer.start()
      const address = await front?.start()
      await startDispatcher(dispatcher, address)
      return address ?? 'dispatcher'
    },
    async stop() {
      // Together: a slow caller must not use up the time that the dispatcher needs to settle and to release.
      await Promise.all([front?.stop(), dispatcher?.stop()])
      await writer.stop() // both publish
      await broker.stop()
      await closeDatabases(databases)
    },
  }
}

/** Half of the files that the process may open stay for deliveries, the database and the broker. */
const roomForConnections = async () => Math.min(MAX_CONNECTIONS, Math.floor((await openFilesLimit()) / 2))

interface BrokerParts extends Pick<AppParts, 'config' | 'isAlone' | 'log'> {
  readonly databases: Databases
  readonly installation: Installation
  /** There are records to dispatch. */
  readonly onRecords: () => void
}

const createBroker = ({ config, databases, installation, isAlone, onRecords, log }: BrokerParts): Broker => config.broker
  ? createRabbitMqBroker({ ...config.broker, installationId: installation.id, partitions: installation.partitions, onArrival: onRecords, log })
  : createDatabaseBroker({ writer: databases.publish, notifies: !isAlone, onStored: onRecords })

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
