import type { Broker } from './broker/broker.ts'
import { createDatabaseBroker } from './broker/database-broker.ts'
import { createRabbitMqBroker } from './broker/rabbitmq/rabbitmq-broker.ts'
import { CANARY_TENANT } from './canary/canary-store.ts'
import type { Config } from './config/config.ts'
import { closePools, createPools, type Pools } from './wiring/pools.ts'
import { openDatabaseClock } from './db/database-clock.ts'
import type { Db } from './db/db.ts'
import { openInstallation, switchToRabbitMq, type Installation } from './db/installation.ts'
import { prepareDatabase } from './db/prepare-database.ts'
import { retryUntilReachable, type UntilReachableDeps } from './db/retry-until-reachable.ts'
import { createDispatcherRole, type DispatcherRole } from './wiring/dispatcher-role.ts'
import { createApiRole } from './wiring/api-role.ts'
import { suggestImport } from './import/suggest-import.ts'
import type { Log } from './log.ts'
import { createBatchWriter, type BatchWriter } from './publish/batch-writer.ts'
import { createReservingWriter } from './publish/key-reservations.ts'
import { createPartitionWriters } from './publish/partition-writers.ts'
import { createPublish } from './publish/publish.ts'

export interface AppDeps {
  readonly config: Config
  /** Address of the database, asked at each new connection. */
  readonly databaseUrl: () => string
  /** No other process can be on this database. */
  readonly isAlone: boolean
  readonly log: Log
  /** Between two events of a test sequence; 3 s unless given (protocol 7.1). */
  readonly sequenceIntervalMs?: number | undefined
}

export interface App {
  /**
   * To be called before the start. Rejects when it is known that no request could succeed: the own site is not in the
   * list.
   */
  check(): Promise<void>
  /** Resolves when the roles asked for run; returns where, e.g. `http://127.0.0.1:8080`. */
  start(): Promise<string>
  /** Finishes what is in flight, releases the partitions. */
  stop(): Promise<void>
}

/** Puts the parts together, with server/wiring/. Rejects when the database cannot be used as it is. */
export async function createApp(deps: AppDeps): Promise<App> {
  const schema = await prepareDatabase(deps.databaseUrl, deps.log)
  const pools = createPools(deps.databaseUrl, schema, deps.log)
  return assemble(deps, pools).catch(async (error: unknown) => {
    await closePools(pools)
    throw error
  })
}

async function assemble(
  { config, databaseUrl, isAlone, log, sequenceIntervalMs }: AppDeps,
  pools: Pools,
): Promise<App> {
  const installation = await openInstallation(pools.api, {
    partitions: config.partitions,
    brokerKind: config.broker ? 'rabbitmq' : 'database',
  })
  await suggestImport({ db: pools.api, ownTenant: CANARY_TENANT, log })
  const clock = await openDatabaseClock({ db: pools.clock, log })
  const broker = createBroker({
    config,
    pools,
    installation,
    now: clock.now,
    isAlone,
    onRecords: (partitions) => dispatcher?.news(partitions),
    ownership: {
      activePartitions: () => dispatcher?.ownership.activePartitions() ?? { ownerId: '', epochs: new Map() },
      refuse: (partition) => dispatcher?.ownership.refuse(partition),
    },
    log,
  })
  const writer = createWriter(broker, { config, pools, log })
  const publish = createPublish({ writer, partitions: installation.partitions, now: clock.now })
  const dispatcher =
    config.role === 'api'
      ? undefined
      : createDispatcherRole({ config, pools, databaseUrl, broker, publish, now: clock.now, isAlone, log })
  const api =
    config.role === 'dispatcher'
      ? undefined
      : await createApiRole({ config, pools, broker, publish, now: clock.now, sequenceIntervalMs, log })

  const stopping = new AbortController()

  return {
    check: () => api?.check() ?? Promise.resolve(),
    async start() {
      const untilReachable = { url: databaseUrl, log, signal: stopping.signal }
      await startBroker(broker, { config, db: pools.api, untilReachable }).catch(async (error: unknown) => {
        if (!stopping.signal.aborted) await closePools(pools) // else `stop` does
        throw error
      })
      for (const worker of [clock, writer]) worker.start()
      const address = await api?.start()
      await startDispatcher(dispatcher, address)
      return address ?? 'dispatcher'
    },
    async stop() {
      stopping.abort()
      // Together: a slow caller must not use up the time that the dispatcher needs to settle and to release.
      await Promise.all([api?.stop(), dispatcher?.stop()])
      await writer.stop() // both publish
      await broker.stop()
      await clock.stop()
      await closePools(pools)
    },
  }
}

interface BrokerDeps extends Pick<AppDeps, 'config' | 'isAlone' | 'log'> {
  readonly pools: Pools
  readonly installation: Installation
  readonly now: () => Date
  /** There are records to dispatch. */
  readonly onRecords: (partitions?: ReadonlySet<number>) => void
  /** Of this process, once it runs; without a dispatcher there are no partitions. */
  readonly ownership: DispatcherRole['ownership']
}

const createBroker = ({ config, pools, installation, now, isAlone, onRecords, ownership, log }: BrokerDeps): Broker =>
  config.broker
    ? createRabbitMqBroker({
        ...config.broker,
        installationId: installation.id,
        partitions: installation.partitions,
        db: pools.pump,
        owned: ownership.activePartitions,
        onStored: onRecords,
        onNewerFormat: ownership.refuse,
        now,
        log,
      })
    : createDatabaseBroker({ writer: pools.publish, notifies: !isAlone, onStored: onRecords })

/**
 * The database takes records of all partitions in one write, and compares contents as it stores them. For another
 * broker that is done before.
 */
function createWriter(
  broker: Broker,
  { config, pools, log }: Pick<BrokerDeps, 'config' | 'pools' | 'log'>,
): BatchWriter {
  return config.broker
    ? createReservingWriter({ db: pools.publish, writer: createPartitionWriters({ broker, log }), log })
    : createBatchWriter({ broker, log })
}

async function startBroker(
  broker: Broker,
  {
    config,
    db,
    untilReachable,
  }: { readonly config: Config; readonly db: Db; readonly untilReachable: UntilReachableDeps },
): Promise<void> {
  await broker.start()
  if (!config.broker) return
  // The database may have gone since it was opened, as a database that restarts does.
  await retryUntilReachable(() => switchToRabbitMq(db), untilReachable).catch(async (error: unknown) => {
    if (!untilReachable.signal.aborted) await broker.stop()
    throw error
  })
}

async function startDispatcher(dispatcher: DispatcherRole | undefined, address: string | undefined): Promise<void> {
  dispatcher?.announce(address ?? 'dispatcher')
  dispatcher?.start()
  await dispatcher?.leaseAcquired()
}
