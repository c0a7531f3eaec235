import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { createLog } from '@tidings/server/log.ts'
import type { InstallationSettings } from '@tidings/server/db/installation.ts'
import { findFreePort } from '../free-port.ts'
import { startRabbitMqNode, type RabbitMqNode } from '../rabbitmq-node.ts'
import type { Alarms } from './alarms.ts'
import { LEDGER_ENV } from './ledger-env.ts'
import { leftInQueues } from './left-in-queues.ts'
import type { Sandbox } from './sandbox.ts'
import { sharedPostgres, sharedRabbitMq, type SharedServer } from './shared-servers.ts'
import { createSupervisor, type Supervisor } from './supervisor.ts'

export type BrokerKind = InstallationSettings['brokerKind']

/** Several processes with up to 25 connections each, and those of the harness. */
const MAX_CONNECTIONS = 300

export interface FleetOptions {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  /** Another source tree, from which every second process of a role is started. */
  readonly otherRoot?: string | undefined
  readonly sandbox: Sandbox
  readonly alarms: Alarms
  /** Settings of every process, in addition to the ledger's. */
  readonly env?: Readonly<Record<string, string>>
}

/** Several processes of the service with their own PostgreSQL, and RabbitMQ if that is the broker. */
export interface Fleet {
  readonly apis: readonly Supervisor[]
  readonly dispatchers: readonly Supervisor[]
  readonly apiPorts: readonly number[]
  /** Throws before `startApis`. */
  databaseUrl(): string
  readonly postgresql: SharedServer
  readonly rabbitmq: SharedServer | undefined
  /** Starts the servers and the apis, and resolves when they are ready. */
  startApis(): Promise<void>
  startDispatchers(): Promise<void>
  /** Stops the processes gracefully; the servers keep running. */
  stopProcesses(): Promise<void>
  /** Returns one line for each RabbitMQ queue that is not empty. Call it after `stopProcesses`. */
  leftInQueues(): Promise<string[]>
  /** Stops everything. Does nothing if that is done already. */
  remove(): Promise<void>
}

export async function createFleet({
  broker,
  apis,
  dispatchers,
  otherRoot,
  sandbox,
  alarms,
  env: more = {},
}: FleetOptions): Promise<Fleet> {
  const { dataDir, logDir, cluster, brokerDir } = sandbox
  const postgresPort = await findFreePort()
  const server = createEmbeddedServer({
    dataDir,
    log: createLog({ level: 'error' }),
    settings: [`port=${postgresPort}`, `max_connections=${MAX_CONNECTIONS}`],
  })
  const apiPorts = await Promise.all(Array.from({ length: apis }, findFreePort))
  let node: RabbitMqNode | undefined
  const urls = { DATABASE_URL: '', BROKER_URL: undefined as string | undefined }

  function createProcess(role: 'api' | 'dispatcher', index: number): Supervisor {
    const env = () => ({
      ...LEDGER_ENV,
      ...more,
      ...urls,
      TIDINGS_ROLE: role,
      TAPIS_SERVICE_PORT: String(role === 'api' ? apiPorts[index] : 0),
    })
    const root = index % 2 === 1 ? otherRoot : undefined
    return createSupervisor({
      name: `${role}-${index + 1}`,
      service: () => ({ dataDir, env: env(), ...(root === undefined ? {} : { root }) }),
      logDir,
      alarms,
    })
  }

  const processes = {
    apis: Array.from({ length: apis }, (_, index) => createProcess('api', index)),
    dispatchers: Array.from({ length: dispatchers }, (_, index) => createProcess('dispatcher', index)),
  }
  const all = [...processes.apis, ...processes.dispatchers]

  return {
    ...processes,
    apiPorts,
    databaseUrl: server.url,
    postgresql: sharedPostgres(server, cluster),
    rabbitmq: broker === 'rabbitmq' ? sharedRabbitMq(() => node) : undefined,
    async startApis() {
      await server.start()
      urls.DATABASE_URL = server.url()
      if (broker === 'rabbitmq') node = await startRabbitMqNode({ directory: brokerDir })
      urls.BROKER_URL = node?.url
      await Promise.all(processes.apis.map((api) => api.start()))
    },
    async startDispatchers() {
      await Promise.all(processes.dispatchers.map((dispatcher) => dispatcher.start()))
    },
    async stopProcesses() {
      await Promise.all(all.map((one) => one.stop()))
    },
    leftInQueues: async () => (node ? leftInQueues(node) : []),
    async remove() {
      await Promise.all(all.map((one) => one.stop()))
      await node?.remove()
      await server.stop()
    },
  }
}
