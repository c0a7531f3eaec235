import { setTimeout as delay } from 'node:timers/promises'
import { createEmbeddedServer } from '@tidings/server/db/embedded/server.ts'
import { readPostmasterFile } from '@tidings/server/db/embedded/postmaster-file.ts'
import { createLog } from '@tidings/server/log.ts'
import { findFreePort } from '../free-port.ts'
import { startRabbitMqNode, type RabbitMqNode } from '../rabbitmq-node.ts'
import type { Alarms } from './alarms.ts'
import { createLives, type Lives } from './lives.ts'
import type { InstallationWish } from '@tidings/server/db/installation.ts'
import { killAll, postgresTree } from './postgres-tree.ts'
import { LEDGER_ENV } from './service-env.ts'
import type { Workplace } from './workplace.ts'

export type BrokerKind = InstallationWish['brokerKind']

/** Several processes with up to 25 connections each, and those that look on. */
const MAX_CONNECTIONS = 300
/** RabbitMQ counts the messages of a quorum queue each 5 s. */
const COUNTS_MAY_LAG_MS = 12_000
const COUNTS_LOOK_MS = 500

export interface FleetParts {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  /** Another source tree that every second process of a role is started from. */
  readonly otherRoot?: string | undefined
  readonly workplace: Workplace
  readonly alarms: Alarms
  /** Settings of every process, beside the ledger's. */
  readonly env?: Readonly<Record<string, string>>
}

/** A server that processes share. */
export interface SharedServer {
  /** kill -9, and a new start after the pause. Answers when it was killed and when it answered again, monotonic ms. */
  restart(pauseMs: number, signal: AbortSignal): Promise<{ atMs: number; overAtMs: number }>
}

/** Several processes of the service over a PostgreSQL of their own and perhaps a RabbitMQ of their own. */
export interface Fleet {
  readonly apis: readonly Lives[]
  readonly dispatchers: readonly Lives[]
  readonly apiPorts: readonly number[]
  /** Once the servers run. */
  databaseUrl(): string
  readonly postgresql: SharedServer
  readonly rabbitmq: SharedServer | undefined
  /** Starts the servers and the apis, and resolves when they are ready. */
  startApis(): Promise<void>
  startDispatchers(): Promise<void>
  /** Ends the processes politely; the servers run on. */
  endProcesses(): Promise<void>
  /** What is left in the queues of RabbitMQ, as one line each. Nothing may hold messages any more. */
  leftInQueues(): Promise<string[]>
  /** Ends everything. Harmless when it is gone. */
  remove(): Promise<void>
}

export async function createFleet({ broker, apis, dispatchers, otherRoot, workplace, alarms, env: more = {} }: FleetParts): Promise<Fleet> {
  const { dataDir, logDir, cluster, brokerDir } = workplace
  const postgresPort = await findFreePort()
  const server = createEmbeddedServer({ dataDir, log: createLog({ level: 'error' }), settings: [`port=${postgresPort}`, `max_connections=${MAX_CONNECTIONS}`] })
  const apiPorts = await Promise.all(Array.from({ length: apis }, findFreePort))
  let node: RabbitMqNode | undefined
  const urls = { DATABASE_URL: '', BROKER_URL: undefined as string | undefined }

  function createMember(role: 'api' | 'dispatcher', index: number): Lives {
    const env = () => ({ ...LEDGER_ENV, ...more, ...urls, TIDINGS_ROLE: role, TAPIS_SERVICE_PORT: String(role === 'api' ? apiPorts[index] : 0) })
    const root = index % 2 === 1 ? otherRoot : undefined
    return createLives({ name: `${role}-${index + 1}`, service: () => ({ dataDir, env: env(), ...(root === undefined ? {} : { root }) }), logDir, alarms })
  }

  const members = {
    apis: Array.from({ length: apis }, (_, index) => createMember('api', index)),
    dispatchers: Array.from({ length: dispatchers }, (_, index) => createMember('dispatcher', index)),
  }
  const all = [...members.apis, ...members.dispatchers]

  return {
    ...members, apiPorts, databaseUrl: server.url,
    postgresql: { restart: restartPostgres },
    rabbitmq: broker === 'rabbitmq' ? { restart: restartRabbitMq } : undefined,
    async startApis() {
      await server.start()
      urls.DATABASE_URL = server.url()
      if (broker === 'rabbitmq') node = await startRabbitMqNode({ directory: brokerDir })
      urls.BROKER_URL = node?.url
      await Promise.all(members.apis.map((api) => api.start()))
    },
    async startDispatchers() {
      await Promise.all(members.dispatchers.map((dispatcher) => dispatcher.start()))
    },
    async endProcesses() {
      await Promise.all(all.map((member) => member.end()))
    },
    leftInQueues: async () => (node ? leftIn(node) : []),
    async remove() {
      await Promise.all(all.map((member) => member.end()))
      await node?.remove()
      await server.stop()
    },
  }

  async function restartPostgres(pauseMs: number, signal: AbortSignal): Promise<{ atMs: number; overAtMs: number }> {
    await server.leave()
    const pid = (await readPostmasterFile(cluster))?.pid
    const tree = pid === undefined ? [] : await postgresTree(pid)
    const atMs = performance.now()
    killAll(tree)
    await delay(pauseMs, undefined, { signal })
    await server.start()
    return { atMs, overAtMs: performance.now() }
  }

  async function restartRabbitMq(pauseMs: number, signal: AbortSignal): Promise<{ atMs: number; overAtMs: number }> {
    const atMs = performance.now()
    await node?.kill()
    await delay(pauseMs, undefined, { signal })
    await node?.start()
    return { atMs, overAtMs: performance.now() }
  }
}

async function leftIn(node: RabbitMqNode): Promise<string[]> {
  const giveUpAt = performance.now() + COUNTS_MAY_LAG_MS
  for (;;) {
    const left = notEmpty(await node.control('list_queues', 'name', 'messages', '--no-table-headers'))
    if (left.length === 0 || performance.now() > giveUpAt) return left
    await delay(COUNTS_LOOK_MS)
  }
}

/** `name<tab>messages` a line. */
const notEmpty = (listed: string) => listed.split('\n').map((line) => line.split('\t'))
  .filter(([name = '', count = '0']) => name !== '' && Number(count) !== 0)
  .map(([name = '', count = '']) => `left in RabbitMQ: ${count} messages in ${name}`)
