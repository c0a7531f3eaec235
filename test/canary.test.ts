import { request } from 'node:http'
import { createHeartbeats } from '@tidings/server/canary/heartbeats.ts'
import { createLastCanary } from '@tidings/server/canary/last-canary.ts'
import { createCanaryListener } from '@tidings/server/canary/canary-listener.ts'
import { recordArrival } from '@tidings/server/canary/canary-store.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp, type TestAppOptions } from './support/test-app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/test-database.ts'
import { createOperator } from './support/operator.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import {
  attemptFailures,
  countArrivedCanaries,
  lockCursors,
  storeCanary,
  storedCanaries,
  storedCanaryNotifications,
  storedCanarySettings,
  storedSubscriptions,
  storedTargets,
  withholdCanaries,
} from './support/stored-state.ts'
import { mayStayIdle } from './support/database-sessions.ts'

const run = ({ env, ...options }: TestAppOptions = {}) =>
  startAppForTest({ ...options, env: { TIDINGS_CANARY_INTERVAL_S: '1', ...env } })

const readiness = async ({ client }: Pick<TestApp, 'client'>) => {
  const { status, body } = await client.call('GET', '/readycheck')
  return `${status} ${String(body?.message)}`
}

/** Seconds since the last arrival, as readycheck says it. */
const ageOf = async (app: Pick<TestApp, 'client'>) =>
  Number(/ Last canary: (\d+) s ago\.$/.exec(await readiness(app))?.[1] ?? NaN)

const arrivals = ({ db }: { db: TestDatabase }) => countArrivedCanaries(db)

test('a canary goes the whole way, again and again, and readycheck says when the last one came', async () => {
  const app = await run()
  await eventually(() => arrivals(app)).toBeGreaterThan(1)
  await eventually(() => readiness(app)).toMatch(
    /^200 TAPIS_READY Ready check passed by Notifications Service\. Last canary: [01] s ago\.$/,
  )
  await eventually(() => storedCanaryNotifications(app.db)).toEqual([
    { state: 'delivered', httpStatus: 200, tenant: '(canary)', seriesKey: null, subscriptionTenant: '(canary)' },
  ])
  expect(await attemptFailures(app.db)).toEqual([])
})

test("it is in nobody's list, and nobody else receives it", async () => {
  const app = await run()
  await eventually(() => arrivals(app)).toBeGreaterThan(0)
  const [canary] = await storedSubscriptions(app.db, { tenant: '(canary)' })
  const [target] = await storedTargets(app.db, { tenant: '(canary)' })
  if (!canary || !target) throw new Error('there is no canary')
  for (const path of ['/subscriptions?anyOwner=true&limit=-1', '/subscriptions?ownedBy=notifications'])
    expect(await app.client.call('GET', path)).toMatchObject({ status: 200, body: { result: [] } })
  for (const path of [`byUuid/${canary.uuid}`, `byName/${canary.name}?ownedBy=notifications`])
    expect(await app.client.call('GET', `/subscriptions/${path}`)).toMatchObject({ status: 404 })
  expect((await app.client.call('GET', '/subscriptions', undefined, { 'x-tapis-tenant': '(canary)' })).status).toBe(401)
  expect((await app.client.call('POST', '/events/publish?tenant=(canary)', {})).status).toBe(401)

  const before = await arrivals(app)
  await withholdCanaries(app.db) // no more of our own
  await app.subscribe({ addresses: [target.address], typeFilter: 'jobs.*.*' })
  await app.publish({ subject: 'for-the-canary' })
  await eventually(async () => new Set(await attemptFailures(app.db))).toEqual(new Set(['dns']))
  expect(await arrivals(app)).toBeLessThanOrEqual(before + 1)
})

test('one canary at a time for all processes, and each receives what it sends', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const apps = await Promise.all([run({ db }), run({ db })])
  await eventually(() => arrivals({ db })).toBeGreaterThan(5)
  const ages = (await storedCanaries(db)).map(({ ageS }) => ageS)
  // two that do not know of each other would send twice as many
  expect(ages.length).toBeLessThan(Math.max(...ages) - Math.min(...ages) + 4)
  expect(await storedSubscriptions(db)).toHaveLength(1)
  for (const app of apps) await eventually(() => ageOf(app)).toBeLessThan(3)
})

test('while a partition cannot be worked the age grows, although all is ready; then it falls again', async () => {
  const app = await run()
  await eventually(() => ageOf(app)).toBeLessThan(2)
  await app.db.transaction(async (tx) => {
    await mayStayIdle(tx)
    await lockCursors(tx)
    await eventually(() => ageOf(app)).toBeGreaterThan(3)
    expect(await readiness(app)).toMatch(/^200 /)
  })
  await eventually(() => ageOf(app)).toBeLessThan(2)
})

test('with the interval at 0 there is no canary, and readycheck says so', async () => {
  const app = await run({ env: { TIDINGS_CANARY_INTERVAL_S: '0' } })
  expect(await readiness(app)).toMatch(/ Last canary: off\.$/)
  expect(await storedCanarySettings(app.db)).toEqual([])
  expect(await storedSubscriptions(app.db)).toEqual([])
})

test('with a dispatcher and an api as processes the canary comes; the api reports its age, ready or not', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const operator = await createOperator({ DATABASE_URL: db.url, TIDINGS_CANARY_INTERVAL_S: '1' })
  onTestFinished(() => operator.cleanUp())
  await operator.start({ env: { TIDINGS_ROLE: 'api' } })
  expect(await readiness(operator)).toBe(
    '503 TAPIS_NOT_READY Notifications Service is not ready. Last canary: none yet.',
  )
  const dispatcher = await operator.start({ env: { TIDINGS_ROLE: 'dispatcher' } })
  await eventually(() => readiness(operator)).toMatch(/^200 .* Last canary: [01] s ago\.$/)
  expect(await dispatcher.end('SIGTERM')).toBe(0)
  await eventually(() => readiness(operator)).toMatch(/^503 .* Last canary: [3-9] s ago\.$/)
  expect(operator.alarms()).toEqual([])
})

test('a canary that does not arrive raises one alarm for all processes, and its end is logged once', async () => {
  const db = await createDatabaseForTest()
  const logs = [createRecordingLog(), createRecordingLog()]
  const sent: string[] = []
  const publish = { event: () => Promise.resolve({ uuid: sent[sent.push(crypto.randomUUID()) - 1] ?? '' }) }
  const beats = logs.map(({ log }) =>
    createHeartbeats({ db, publish, now: () => new Date(), intervalMs: 50, overdueMs: 200, log }),
  )
  const said = (words: string) =>
    logs.flatMap(({ messages }) => messages).filter((message) => message.includes(words)).length
  onTestFinished(async () => {
    await Promise.all(beats.map((one) => one.stop()))
  })
  for (const one of beats) one.start()
  await eventually(() => said('a canary has not arrived')).toBe(1)
  const reported = async () => (await storedCanaries(db)).filter(({ isReported }) => isReported).length
  await eventually(reported).toBeGreaterThan(3)
  expect(said('a canary has not arrived')).toBe(1)
  expect(logs.flatMap(({ lines }) => lines).filter((line) => line.includes('"level":50'))).toHaveLength(1)
  expect(said('canaries arrive again')).toBe(0)

  await recordArrival(db, sent.at(-1) ?? '')
  await eventually(() => said('canaries arrive again')).toBe(1)
  await eventually(() => said('a canary has not arrived')).toBe(2) // the others are missing still
})

test('a canary that was on its way while no process ran raises no alarm', async () => {
  const db = await createDatabaseForTest()
  const { log, messages } = createRecordingLog()
  const beats = createHeartbeats({
    db,
    publish: { event: () => Promise.resolve({ uuid: crypto.randomUUID() }) },
    now: () => new Date(),
    intervalMs: 20,
    overdueMs: 60_000,
    log,
  })
  onTestFinished(() => beats.stop())
  for (const hours of [1, 25]) await storeCanary(db, { publishedAgoS: hours * 3600 })
  beats.start()
  const ages = async () => (await storedCanaries(db)).map(({ ageS }) => ageS)
  await eventually(async () => (await ages()).filter((ageS) => ageS < 60)).toHaveLength(3)
  expect(messages).toEqual([])
  expect((await ages()).filter((ageS) => ageS > 24 * 3600)).toEqual([])
})

test('while the database does not respond, the age continues from what was read last', async () => {
  const db = await createDatabaseForTest()
  let isAway = false
  let nowMs = 0
  const lastCanary = createLastCanary({
    db: { ...db, query: (statement) => (isAway ? Promise.reject(new Error('away')) : db.query(statement)) },
    isOn: true,
    clock: () => nowMs,
  })
  isAway = true
  expect(await lastCanary()).toBe('Last canary: unknown.')
  isAway = false
  expect(await lastCanary()).toBe('Last canary: none yet.')
  await storeCanary(db, { arrivedAgoS: 7.5 })
  expect(await lastCanary()).toBe('Last canary: 7 s ago.')
  isAway = true
  nowMs = 20_000
  expect(await lastCanary()).toMatch(/^Last canary: 2[78] s ago\.$/)
})

test('the listener accepts notifications only at its secret path', async () => {
  const arrived: string[] = []
  const listener = createCanaryListener({
    onArrival: (uuid) => (uuid === 'bad' ? Promise.reject(new Error('away')) : Promise.resolve(arrived.push(uuid))),
    log: createRecordingLog().log,
  })
  expect(listener.url()).toBeUndefined()
  listener.start()
  onTestFinished(() => listener.stop())
  await eventually(() => listener.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/)
  const url = listener.url() ?? ''
  const send = (to: string, body: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(to, { method: 'POST' }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end(body)
    })
  expect(await send(new URL('/', url).href, '{"eventUuid": "a"}')).toBe(404)
  expect(await send(`${url}x`, '{"eventUuid": "a"}')).toBe(404)
  expect(await send(url, '{"eventUuid": 1}')).toBe(400)
  expect(await send(url, '{')).toBe(503)
  expect(await send(url, '{"eventUuid": "bad"}')).toBe(503)
  expect(arrived).toEqual([])
  expect(await send(url, '{"eventUuid": "a"}')).toBe(200)
  expect(arrived).toEqual(['a'])
})
