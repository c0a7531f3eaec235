import type { Broker } from '@tidings/server/broker/broker.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database.ts'
import { createRabbitMqBroker } from '@tidings/server/broker/rabbitmq/rabbitmq.ts'
import { readConfig } from '@tidings/server/config.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import type { Installation } from '@tidings/server/db/installation.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import type { Log } from '@tidings/server/log.ts'

export interface BrokerAddress {
  readonly databaseUrl: string
  /** Undefined: the database is the broker. */
  readonly brokerUrl: string | undefined
  readonly installation: Installation
}

/** The broker as one process of the service has it. Nobody tells anybody that something was published. Its `stop` closes all. */
export function connectBroker({ databaseUrl, brokerUrl, installation }: BrokerAddress, log: Log): Broker {
  const { broker: rabbitMq } = readConfig({ BROKER_URL: brokerUrl })
  if (rabbitMq) return createRabbitMqBroker({ ...rabbitMq, installationId: installation.id, partitions: installation.partitions, onArrival: () => undefined, now: () => new Date(), log })
  const writer = createDatabase({ url: () => databaseUrl, schema: SCHEMA, name: 'publish', maxConnections: 1, statementTimeoutMs: 10_000, answerTimeoutMs: 12_000, log })
  let closing: Promise<void> | undefined
  return { ...createDatabaseBroker({ writer, notifies: false }), stop: () => (closing ??= writer.close()) }
}
