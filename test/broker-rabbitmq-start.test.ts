import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '@tidings/harness/free-port.ts'
import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import { Connection } from 'rabbitmq-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { runServiceToEnd } from './support/program-runner.ts'
import { dataOf, eventually } from './support/service-fixtures.ts'
import { ownedPartitions, storedInstallation, undispatchedEvents } from './support/stored-state.ts'
import { startApp, startAppForTest } from './support/test-app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/test-database.ts'
import { hasRabbitMq, listed, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './support/tls-fixture.ts'
import { startWatchedService } from './support/watched-service.ts'

let node: RabbitMqNode
let tlsPort: number
let files: string
let caFile: string

beforeAll(async () => {
  if (!hasRabbitMq) return
  files = await mkdtemp(join(tmpdir(), 'tidings-rabbitmq-tls-'))
  caFile = join(files, 'certificate.pem')
  tlsPort = await findFreePort()
  await writeFile(caFile, TEST_CERTIFICATE)
  await writeFile(join(files, 'key.pem'), TEST_CERTIFICATE_KEY)
  node = await startOwnRabbitMq({
    config: [
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.certfile = ${caFile}`,
      `ssl_options.keyfile = ${join(files, 'key.pem')}`,
    ],
  })
})

afterAll(async () => {
  if (!hasRabbitMq) return
  await node.remove()
  await rm(files, { recursive: true, force: true })
})

describe.skipIf(!hasRabbitMq)('a start with RabbitMQ', () => {
  test('waits for a database that goes while it waits for the broker', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const [toDatabase, toBroker] = [await startFaultyProxy(() => db.url), await startFaultyProxy(() => node.url)]
    onTestFinished(() => toDatabase.close())
    onTestFinished(() => toBroker.close())
    await toBroker.blackhole()
    const service = startWatchedService({
      DATABASE_URL: toDatabase.url,
      BROKER_URL: toBroker.url,
      TIDINGS_DATA_DIR: files,
    })
    await service.waitForLog('tenants in force') // the broker is next, and keeps the start waiting for seconds
    await toDatabase.refuse()
    await service.waitForLog('the database cannot be reached, will be retried until it can')
    await toBroker.forward()
    await toDatabase.forward()
    await service.isReady()
    expect(await service.end()).toBe(0)
  })

  test('connects over TLS, with a CA of our own', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const app = await startAppForTest({
      env: { BROKER_URL: `amqps://guest:guest@127.0.0.1:${tlsPort}`, BROKER_CA_FILE: caFile },
    })
    await app.subscribe({ addresses: [receiver.url()] })
    await app.publish({ data: 'sealed' })
    expect(dataOf(await receiver.take(1))).toEqual(['sealed'])
    expect(await listed(node, 'list_connections', 'ssl', 'user')).toContain('true\tguest')
  })
})

describe.skipIf(!hasRabbitMq)('a RabbitMQ that cannot be used ends the start', () => {
  async function refusalWith(env: Readonly<Record<string, string>>, db?: TestDatabase): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'tidings-refused-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const { code, stdout, stderr } = await runServiceToEnd({
      DATABASE_URL: (db ?? (await createDatabaseForTest({ isEmpty: true }))).url,
      TIDINGS_DATA_DIR: directory,
      LOG_LEVEL: 'debug',
      ...env,
    })
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
    return stderr
  }

  test('because a queue has other arguments: queue and argument are named', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const app = await startApp({ db, env: { BROKER_URL: node.url } })
    const queue = queueNamesOf((await storedInstallation(db)).id).queueOf(5)
    await app.stop()
    const connection = new Connection(node.url)
    await connection.queueDelete(queue)
    await connection.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await connection.close()
    const said = await refusalWith({ BROKER_URL: node.url }, db)
    expect(said).toContain('The broker cannot be used')
    expect(said).toContain(queue)
    expect(said).toContain('x-single-active-consumer')
    expect(await ownedPartitions(db)).toEqual([])
  })

  test.each([
    [
      'a wrong password',
      (url: string) => url.replace('guest:guest', 'guest:s3cret'),
      /BROKER_URL asks for: ACCESS_REFUSED/,
    ],
    [
      'a virtual host that is not there',
      (url: string) => `${url.replace('guest:guest', 'guest:guest')}/nowhere`,
      /nowhere/,
    ],
  ])('because of %s, which is reported without the password', async (_, change, reason) => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const said = await refusalWith({ BROKER_URL: change(node.url) }, db)
    expect(said).toMatch(reason)
    expect(said).toContain('The broker cannot be used: the connection that BROKER_URL asks for: ')
    expect(said).not.toContain('s3cret')
    // Nothing is decided by it: the database is still the broker.
    await (await startApp({ db })).stop()
  })

  test('because the other broker is in use: the database as long as events wait there, RabbitMQ for good', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const api = await startApp({ db, env: { TIDINGS_ROLE: 'api' } })
    await api.publish({})
    await api.stop()
    expect(await refusalWith({ BROKER_URL: node.url }, db)).toContain(
      'its broker is the database, and events are waiting there',
    )
    const all = await startApp({ db })
    await eventually(() => undispatchedEvents(db)).toEqual([])
    await all.stop()
    await (await startApp({ db, env: { BROKER_URL: node.url } })).stop()
    expect(await refusalWith({}, db)).toContain('its broker is RabbitMQ, but BROKER_URL is not set')
  })

  test('because its certificate is not trusted, or the CA file cannot be read', async () => {
    const url = `amqps://guest:guest@127.0.0.1:${tlsPort}`
    expect(await refusalWith({ BROKER_URL: url })).toMatch(/self.signed certificate/)
    expect(await refusalWith({ BROKER_URL: url, BROKER_CA_FILE: join(files, 'nothing.pem') })).toContain(
      'BROKER_CA_FILE cannot be read',
    )
  })
})
