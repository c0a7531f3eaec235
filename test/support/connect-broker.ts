import { randomUUID } from 'node:crypto'
import type { Broker } from '@tidings/server/broker/broker.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database-broker.ts'
import { createRabbitMqBroker } from '@tidings/server/broker/rabbitmq/rabbitmq-broker.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import type { OwnedPartitions } from '@tidings/server/db/fence.ts'
import type { Installation } from '@tidings/server/db/installation.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import type { Log } from '@tidings/server/log.ts'
import { POOL_SETTINGS } from '@tidings/server/wiring/pools.ts'

export interface BrokerAddress {
  readonly databaseUrl: string
  /** Undefined: the database is the broker. */
  readonly brokerUrl: string | undefined
  readonly installation: Installation
}

/** What the broker asks the process that it is in. */
export interface BrokerOwner {
  readonly owned: () => OwnedPartitions
  readonly onNewerFormat: (partition: number) => void
}

/** A process that only publishes. */
const NOBODY: BrokerOwner = {
  owned: () => ({ ownerId: randomUUID(), epochs: new Map() }),
  onNewerFormat: () => undefined,
}

/**
 * The broker as one process of the service has it. Nobody tells anybody that something was published. Its `stop` closes
 * all.
 */
export function connectBroker(
  { databaseUrl, brokerUrl, installation }: BrokerAddress,
  log: Log,
  owner: BrokerOwner = NOBODY,
): Broker {
  const { broker: rabbitMq } = readConfig({ BROKER_URL: brokerUrl })
  const name = rabbitMq ? 'pump' : 'publish'
  const db = createDatabase({
    url: () => databaseUrl,
    schema: SCHEMA,
    name,
    answerTimeoutMs: 12_000,
    log,
    ...POOL_SETTINGS[name],
  })
  const broker = rabbitMq
    ? createRabbitMqBroker({
        ...rabbitMq,
        ...owner,
        installationId: installation.id,
        partitions: installation.partitions,
        db,
        onStored: () => undefined,
        now: () => new Date(),
        log,
      })
    : createDatabaseBroker({ writer: db, notifies: false })
  let stopping: Promise<void> | undefined
  return { ...broker, stop: () => (stopping ??= broker.stop().then(() => db.close())) }
}
