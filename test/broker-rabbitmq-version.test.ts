import { readConfig } from '@tidings/server/config/config.ts'
import { createRabbitMqBroker } from '@tidings/server/broker/rabbitmq/rabbitmq-broker.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAmqpGreetingServer } from './support/amqp-greeting-server.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { createDataDirectories } from './support/data-directories.ts'
import { runServiceToEnd } from './support/program-runner.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import { storedInstallation } from './support/stored-state.ts'

test('a RabbitMQ that is too old stops the start with the remedy in a sentence; nothing is decided', async () => {
  const directories = createDataDirectories()
  const greeter = await startAmqpGreetingServer({ version: '3.8.11' })
  onTestFinished(async () => {
    await greeter.close()
    await directories.removeAll()
  })
  const db = await createDatabaseForTest({ isEmpty: true })
  const { code, stdout, stderr } = await runServiceToEnd({
    DATABASE_URL: db.url,
    TIDINGS_DATA_DIR: await directories.make(),
    BROKER_URL: `amqp://user:s3cret@127.0.0.1:${greeter.port}`,
    LOG_LEVEL: 'error',
  })
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'The broker cannot be used: RabbitMQ 3.8.11 is too old; it must be 3.10 or newer. Upgrade it, name a newer one, or set neither BROKER_URL nor TAPIS_QUEUE_HOST to let the database carry the events\n',
  })
  expect(await storedInstallation(db)).toMatchObject({ brokerKind: 'database' })
})

test.each([
  ['RabbitMQ', '3.10.0'],
  ['RabbitMQ', '4.1.0'],
  ['LavinMQ', '2.0.0'],
  ['RabbitMQ', 'unknown'],
])('%s %s is left to the connections', async (product, version) => {
  const greeter = await startAmqpGreetingServer({ product, version })
  const { broker } = readConfig({ BROKER_URL: `amqp://127.0.0.1:${greeter.port}` })
  if (!broker) throw new Error('no broker')
  const { log, messages } = createRecordingLog()
  const rabbitMq = createRabbitMqBroker({
    ...broker,
    installationId: 'x',
    partitions: 1,
    db: { query: () => Promise.reject(new Error('there is no database')) },
    owned: () => ({ ownerId: 'x', epochs: new Map() }),
    onStored: () => undefined,
    onNewerFormat: () => undefined,
    now: () => new Date(),
    log,
  })
  // It greets, and then says nothing: the connection fails, and is tried again for ever.
  const starting = rabbitMq.start()
  await eventually(() => greeter.greeted()).toBe(3) // one checks the version, two connect
  await greeter.close()
  await starting
  expect(rabbitMq.problem()).toContain('not connected')
  expect(messages).toContain('failing, will be retried')
  await rabbitMq.stop()
})
