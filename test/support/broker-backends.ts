import { findFreePort } from '@tidings/harness/free-port.ts'
import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { encodeMessage } from '@tidings/server/broker/rabbitmq/message-codec.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import type { EmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { Connection } from 'rabbitmq-client'
import { vi } from 'vitest'
import { openBrokerTestbed, type BrokerTestbed } from './broker-testbed.ts'
import { createDataDirectories } from './data-directories.ts'
import { postmasterPid } from './embedded-process.ts'
import { createEmbeddedServers } from './embedded-servers.ts'
import { hasRabbitMq, startOwnRabbitMq } from './test-rabbitmq.ts'
import { type Oddity, storeEvent } from './stored-state.ts'

/** An engine behind the port, and how it is broken. */
export interface BrokerBackend {
  readonly name: string
  readonly isThere: boolean
  /** An installation on it. */
  open(options?: { partitions: number }): Promise<BrokerTestbed>
  /** Kills the engine, and has it started again on what it had. */
  crash(place: BrokerTestbed): Promise<void>
  /** A record of a version to come. */
  putNewer(place: BrokerTestbed): Promise<unknown>
  putPoison(place: BrokerTestbed): Promise<unknown>
}

/** A PostgreSQL and a RabbitMQ of the file's own, for it kills them. */
export interface BrokerBackends {
  /** To be used when they are started. */
  readonly adapters: readonly BrokerBackend[]
  start(): Promise<void>
  closePlaces(): Promise<void>
  remove(): Promise<void>
}

interface Running {
  readonly dataDir: string
  readonly database: EmbeddedServer
  readonly node: RabbitMqNode | undefined
}

export function createBrokerBackends(): BrokerBackends {
  const directories = createDataDirectories()
  const servers = createEmbeddedServers()
  const places: BrokerTestbed[] = []
  let started: Running | undefined

  function running(): Running {
    if (!started) throw new Error('the engines were not started')
    return started
  }

  function rabbitMq(): RabbitMqNode {
    const { node } = running()
    if (!node) throw new Error('RabbitMQ was not started')
    return node
  }

  async function open(brokerUrl: string | undefined, options?: { partitions: number }): Promise<BrokerTestbed> {
    const place = await openBrokerTestbed({ databaseServer: running().database.url(), brokerUrl }, options)
    places.push(place)
    return place
  }

  return {
    adapters: [
      {
        name: 'database',
        isThere: true,
        open: (options) => open(undefined, options),
        crash: (place) => crashDatabase(running().dataDir, place),
        ...DATABASE,
      },
      {
        name: 'RabbitMQ',
        isThere: hasRabbitMq,
        open: (options) => open(rabbitMq().url, options),
        crash: () => crashNode(rabbitMq()),
        ...rabbitMqBackend(rabbitMq),
      },
    ],
    async start() {
      const dataDir = await directories.make()
      const starting = hasRabbitMq ? startOwnRabbitMq() : undefined
      const database = await servers.start(dataDir, { settings: [`port=${await findFreePort()}`] })
      started = { dataDir, database, node: await starting }
    },
    async closePlaces() {
      await Promise.all(places.splice(0).map((place) => place.close()))
    },
    async remove() {
      await started?.node?.remove()
      await servers.stopAll()
      await directories.removeAll()
    },
  }
}

async function crashDatabase(dataDir: string, { db }: BrokerTestbed): Promise<void> {
  const killed = await postmasterPid(dataDir)
  process.kill(killed, 'SIGKILL')
  // Its supervisor starts it again. A session of the killed one may still respond for a moment.
  const isBack = async () => {
    if ((await postmasterPid(dataDir)) === killed) throw new Error('it is not back yet')
    await db.query(sql`select 1`)
  }
  await vi.waitFor(isBack, { timeout: 20_000, interval: 50 })
}

async function crashNode(node: RabbitMqNode): Promise<void> {
  await node.kill()
  await node.start()
}

const DATABASE = {
  putNewer: (place: BrokerTestbed) => putRecord(place, { format: RECORD_FORMAT + 1 }),
  putPoison: (place: BrokerTestbed) => putRecord(place, { kind: 'riddle' }),
}

function putRecord({ db, record }: BrokerTestbed, oddity: Oddity): Promise<void> {
  const { partition, uuid, tenant } = record()
  return storeEvent(db, { partition, uuid, tenant, ...oddity })
}

const rabbitMqBackend = (node: () => RabbitMqNode) => ({
  async putNewer({ address, record }: BrokerTestbed) {
    const message = encodeMessage([record()])
    message.writeUInt8(RECORD_FORMAT + 1, 4)
    await send(node(), address, record().partition, message)
  },
  putPoison: ({ address, record }: BrokerTestbed) =>
    send(node(), address, record().partition, Buffer.from('no message of ours')),
})

/** Puts bytes into the queue of a partition, as anybody with access to the broker could. */
async function send(
  { url }: RabbitMqNode,
  { installation }: BrokerTestbed['address'],
  partition: number,
  body: Buffer,
): Promise<void> {
  const connection = new Connection(url)
  const names = queueNamesOf(installation.id)
  const publisher = connection.createPublisher({ confirm: true })
  await publisher.send(
    { exchange: names.exchange, routingKey: names.routingKeyOf(partition), durable: true, mandatory: true },
    body,
  )
  await publisher.close()
  await connection.close()
}
