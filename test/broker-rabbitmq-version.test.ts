import { readConfig } from '@tidings/server/config.ts'
import { createRabbitMqBroker } from '@tidings/server/broker/rabbitmq/rabbitmq.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startGreeter } from './support/amqp-greeting.ts'
import { createDatabaseForTest } from './support/database.ts'
import { createDataDirectories } from './support/embedded-directories.ts'
import { runService } from './support/failed-start.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-test.ts'

test('a RabbitMQ that is too old ends the start with one sentence that says the way out, and nothing is decided', async () => {
  const directories = createDataDirectories()
  const greeter = await startGreeter({ version: '3.8.11' })
  onTestFinished(async () => {
    await greeter.close()
    await directories.removeAll()
  })
  const db = await createDatabaseForTest({ isEmpty: true })
  const { code, stdout, stderr } = await runService({ DATABASE_URL: db.url, TIDINGS_DATA_DIR: await directories.make(), BROKER_URL: `amqp://user:s3cret@127.0.0.1:${greeter.port}`, LOG_LEVEL: 'error' })
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: 'The broker cannot be used: RabbitMQ 3.8.11 is too old, it must be 3.10 or newer: upgrade it, name a newer one, or name none (neither BROKER_URL nor TAPIS_QUEUE_HOST), and the database carries the events\n' })
  expect(await db.query(sql`select broker_kind from installation`)).toEqual([{ broker_kind: 'database' }])
})

test.each([['RabbitMQ', '3.10.0'], ['RabbitMQ', '4.1.0'], ['LavinMQ', '2.0.0'], ['RabbitMQ', 'unknown']])('%s %s is left to those who connect', async (product, version) => {
  const greeter = await startGreeter({ product, version })
  const { broker } = readConfig({ BROKER_URL: `amqp://127.0.0.1:${greeter.port}` })
  if (!broker) throw new Error('no broker')
  const { log, messages } = createRecordingLog()
  const rabbitMq = createRabbitMqBroker({ ...broker, installationId: 'x', partitions: 1, onArrival: () => undefined, now: () => new Date(), log })
  // It greets, and then says nothing: the connection fails, and is tried again for ever.
  const starting = rabbitMq.start()
  await eventually(() => greeter.greeted()).toBe(3) // one looks at the version, two connect
  await greeter.close()
  await starting
  expect(rabbitMq.trouble()).toContain('not connected')
  expect(messages).toContain('failing, will be retried')
  await rabbitMq.stop()
})
