import { findFreePort } from '@tidings/harness/free-port.ts'
import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { encodeMessage } from '@tidings/server/broker/rabbitmq/message.ts'
import { namesOf } from '@tidings/server/broker/rabbitmq/names.ts'
import type { EmbeddedServer } from '@tidings/server/db/embedded/server.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { Connection } from 'rabbitmq-client'
import { vi } from 'vitest'
import { openPlace, type BrokerPlace } from './broker-place.ts'
import { createDataDirectories } from './embedded-directories.ts'
import { postmasterPid } from './embedded-process.ts'
import { createEmbeddedServers } from './embedded-servers.ts'
import { hasRabbitMq, startOwnRabbitMq } from './rabbitmq.ts'

/** An engine behind the port, and how it is broken. */
export interface BrokerAdapter {
  readonly name: string
  readonly isThere: boolean
  /** An installation on it. */
  open(options?: { partitions: number }): Promise<BrokerPlace>
  /** Kills the engine, and has it started again on what it had. */
  crash(place: BrokerPlace): Promise<void>
  /** A record of a version to come. */
  putNewer(place: BrokerPlace): Promise<unknown>
  putPoison(place: BrokerPlace): Promise<unknown>
}

/** A PostgreSQL and a RabbitMQ of the file's own, for it kills them. */
export interface BrokerEngines {
  /** To be used when they are started. */
  readonly adapters: readonly BrokerAdapter[]
  start(): Promise<void>
  closePlaces(): Promise<void>
  remove(): Promise<void>
}

interface Running {
  readonly dataDir: string
  readonly database: EmbeddedServer
  readonly node: RabbitMqNode | undefined
}

export function createBrokerEngines(): BrokerEngines {
  const directories = createDataDirectories()
  const servers = createEmbeddedServers()
  const places: BrokerPlace[] = []
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

  async function open(brokerUrl: string | undefined, options?: { partitions: number }): Promise<BrokerPlace> {
    const place = await openPlace({ databaseServer: running().database.url(), brokerUrl }, options)
    places.push(place)
    return place
  }

  return {
    adapters: [
      { name: 'database', isThere: true, open: (options) => open(undefined, options), crash: (place) => crashDatabase(running().dataDir, place), ...DATABASE },
      { name: 'RabbitMQ', isThere: hasRabbitMq, open: (options) => open(rabbitMq().url, options), crash: () => crashNode(rabbitMq()), ...rabbitMqAdapter(rabbitMq) },
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

async function crashDatabase(dataDir: string, { db }: BrokerPlace): Promise<void> {
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  // Its supervisor starts it again.
  await vi.waitFor(() => db.query(sql`select 1`), { timeout: 20_000, interval: 50 })
}

async function crashNode(node: RabbitMqNode): Promise<void> {
  await node.kill()
  await node.start()
}

const DATABASE = {
  putNewer: (place: BrokerPlace) => insertRow(place, 'event', RECORD_FORMAT + 1),
  putPoison: (place: BrokerPlace) => insertRow(place, 'riddle', RECORD_FORMAT),
}

function insertRow({ db, record }: BrokerPlace, kind: string, format: number): Promise<unknown> {
  const { partition, uuid, tenant } = record()
  return db.query(sql`
    insert into event (partition, position, uuid, kind, format, tenant, received, body, body_bytes)
    values (${partition}, nextval('event_position'), ${uuid}, ${kind}, ${format}, ${tenant}, now(), '', 0)`)
}

const rabbitMqAdapter = (node: () => RabbitMqNode) => ({
  async putNewer({ address, record }: BrokerPlace) {
    const message = encodeMessage([record()])
    message.writeUInt8(RECORD_FORMAT + 1, 4)
    await send(node(), address, record().partition, message)
  },
  putPoison: ({ address, record }: BrokerPlace) => send(node(), address, record().partition, Buffer.from('no message of ours')),
})

/** Puts bytes into the queue of a partition, as anybody with access to the broker could. */
async function send({ url }: RabbitMqNode, { installation }: BrokerPlace['address'], partition: number, body: Buffer): Promise<void> {
  const connection = new Connection(url)
  const names = namesOf(installation.id)
  const publisher = connection.createPublisher({ confirm: true })
  await publisher.send({ exchange: names.exchange, routingKey: names.routingKeyOf(partition), durable: true, mandatory: true }, body)
  await publisher.close()
  await connection.close()
}
