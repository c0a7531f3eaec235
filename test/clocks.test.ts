import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver, type Received, type Receiver } from '@tidings/harness/receiver.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { openDatabaseClock } from '@tidings/server/db/database-clock.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/test-database.ts'
import type { Operator } from './support/operator.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { startRawReceiver } from './support/raw-receiver.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { createServiceProcesses } from './support/service-processes.ts'
import { setWallClock, wallClockOff } from './support/wall-clock.ts'
import { expireSubscriptions, secondsToLastLane, storeEvent } from './support/stored-state.ts'

const TWO_HOURS_MS = 7_200_000
const CLOCKS = [
  ['ahead', TWO_HOURS_MS],
  ['behind', -TWO_HOURS_MS],
] as const
const TTLS = [1, 60, 180, 0]
/** More than a response of the database takes on a busy machine, much less than what is wrong here. */
const NEARLY_MS = 20_000

let node: RabbitMqNode | undefined

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(() => node?.remove())

async function openReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  return receiver
}

/** One subscription for each time to live, and one whose time was over a minute ago though nobody has met it yet. */
async function subscribeAll(client: TestApp['client'], db: TestDatabase, receiver: Receiver): Promise<void> {
  const subscribe = async (name: string, ttlMinutes: number) => {
    const targets = [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url(`/${name}`) }]
    expect(
      await client.call('POST', '/subscriptions', {
        name,
        typeFilter: 'jobs.*.*',
        subjectFilter: 'job-7',
        deliveryTargets: targets,
        ttlMinutes,
      }),
    ).toMatchObject({ status: 201 })
  }
  for (const ttlMinutes of TTLS) await subscribe(`ttl-${ttlMinutes}`, ttlMinutes)
  await subscribe('over', 60)
  await expireSubscriptions(db, { name: 'over', agoS: 60 })
}

const publish = async (client: TestApp['client']) =>
  expect(
    await client.call('POST', '/events/publish', {
      source: 's',
      type: 'jobs.A.B',
      timestamp: 't',
      subject: 'job-7',
      seriesId: 'job-7',
    }),
  ).toMatchObject({ status: 200 })

const databaseMs = async (db: TestDatabase): Promise<number> =>
  (await db.query<{ ms: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`))[0]?.ms ??
  NaN

/** Every active subscription, and no other, has its notification, and the times in it are the database's. */
async function expectRightTimes(received: readonly Received[], db: TestDatabase): Promise<void> {
  expect(received.map(({ path }) => path).toSorted()).toEqual(TTLS.map((ttlMinutes) => `/ttl-${ttlMinutes}`).toSorted())
  const nowMs = await databaseMs(db)
  for (const { headers, notification } of received) {
    const times = [
      Date.parse(notification.event.received),
      Date.parse(notification.created),
      Number(headers['webhook-timestamp']) * 1000,
    ]
    for (const ms of times) expect(Math.abs(ms - nowMs)).toBeLessThan(NEARLY_MS)
  }
}

describe.each([
  ['the database as broker', true, () => ({})],
  ['RabbitMQ', hasRabbitMq, () => ({ BROKER_URL: node?.url ?? '' })],
] as const)('with %s', (_name, isThere, env) => {
  test.skipIf(!isThere).each(CLOCKS)(
    'a wall clock that is set two hours %s while the service runs changes no expiry and no time',
    async (_how, aheadMs) => {
      const [receiver, app] = [await openReceiver(), await startAppForTest({ env: env() })]
      await subscribeAll(app.client, app.db, receiver)
      setWallClock(aheadMs)
      await publish(app.client)
      await expectRightTimes(await receiver.take(TTLS.length), app.db)
    },
  )

  test.skipIf(!isThere).each(CLOCKS)('one that is two hours %s from the start neither', async (_how, aheadMs) => {
    const receiver = await openReceiver()
    setWallClock(aheadMs)
    const app = await startAppForTest({ env: env() })
    await subscribeAll(app.client, app.db, receiver)
    await publish(app.client)
    await expectRightTimes(await receiver.take(TTLS.length), app.db)
  })
})

describe('processes on hosts of their own', () => {
  const site = createServiceProcesses(() => ({ TIDINGS_CANARY_INTERVAL_S: '0' }))
  const startBoth = async ({ operator }: { operator: Operator }, apiMs: number, dispatcherMs: number) => {
    await operator.start({ env: { TIDINGS_ROLE: 'api', ...wallClockOff(apiMs) } })
    await operator.start({ env: { TIDINGS_ROLE: 'dispatcher', ...wallClockOff(dispatcherMs) } })
  }

  test.each([
    ['the api is two hours ahead', TWO_HOURS_MS, 0],
    ['the api is two hours behind', -TWO_HOURS_MS, 0],
    ['the dispatcher is two hours ahead', 0, TWO_HOURS_MS],
    ['the dispatcher is two hours behind', 0, -TWO_HOURS_MS],
  ])('%s: everything is matched and dated by the clock of the database', async (_what, apiMs, dispatcherMs) => {
    await startBoth(site, apiMs, dispatcherMs)
    await subscribeAll(site.operator.client, site.database, site.operator.receiver)
    await publish(site.operator.client)
    await expectRightTimes(await site.operator.receiver.take(TTLS.length), site.database)
    expect(site.operator.alarms()).toEqual([])
  })
})

test.each(CLOCKS)(
  'a date in Retry-After without a Date beside it is compared with the clock of the database, with a wall clock two hours %s',
  async (_how, aheadMs) => {
    const app = await startAppForTest()
    const until = new Date((await databaseMs(app.db)) + 600_000).toUTCString()
    const receiver = await startRawReceiver((socket) =>
      socket.write(`HTTP/1.1 503 Busy\r\nRetry-After: ${until}\r\nContent-Length: 0\r\n\r\n`),
    )
    onTestFinished(() => receiver.close())
    setWallClock(aheadMs)
    await app.subscribe({ addresses: [receiver.url()] })
    await app.publish({})
    await expect.poll(() => secondsToLastLane(app.db), { timeout: 20_000 }).toBeGreaterThan(60)
    const waited = await secondsToLastLane(app.db)
    expect(waited).toBeGreaterThan(500)
    expect(waited).toBeLessThan(600 * 1.2 + 20) // jitter of a fifth
  },
)

test('the `received` of a release whose apis have a clock of their own loses nothing when that is ahead', async () => {
  const [receiver, app] = [await openReceiver(), await startAppForTest()]
  await subscribeAll(app.client, app.db, receiver)
  await storeEvent(app.db, {
    uuid: '8c7e4d9e-0000-4000-8000-000000000001',
    format: 1,
    tenant: 'dev',
    type: ['jobs', 'A', 'B'],
    subject: 'job-7',
    body: '{"seriesSeqCount": }',
    seqOffset: 19,
    aheadHours: 2,
  })
  expect((await receiver.take(TTLS.length)).map(({ path }) => path).toSorted()).toEqual(
    TTLS.map((ttlMinutes) => `/ttl-${ttlMinutes}`).toSorted(),
  )
})

describe('the clock of the database', () => {
  const connect = ({ url }: TestDatabase) =>
    createDatabase({
      url: () => url,
      schema: undefined,
      name: 'clock',
      maxConnections: 1,
      statementTimeoutMs: 5000,
      answerTimeoutMs: 5000,
      log: createRecordingLog().log,
    })

  test('continues by the monotonic clock while the database is unreachable, whatever the host says', async () => {
    const [db, log] = [await createDatabaseForTest({ isEmpty: true }), createRecordingLog()]
    const connection = connect(db)
    const clock = await openDatabaseClock({ db: connection, log: log.log, everyMs: 10 })
    onTestFinished(() => clock.stop())
    const failing = log.next('failing, will be retried')
    await connection.close()
    clock.start()
    await failing
    setWallClock(TWO_HOURS_MS)
    expect(Math.abs(clock.now().getTime() - (await databaseMs(db)))).toBeLessThan(NEARLY_MS)
  })

  test('is read when it is opened: opening fails when it cannot be read', async () => {
    const connection = connect(await createDatabaseForTest({ isEmpty: true }))
    await connection.close()
    await expect(openDatabaseClock({ db: connection, log: createRecordingLog().log })).rejects.toThrow()
  })
})
