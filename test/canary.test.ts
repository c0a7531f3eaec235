import { request } from 'node:http'
import { sql } from '@tidings/server/db/sql.ts'
import { createBeats } from '@tidings/server/canary/beats.ts'
import { createLastCanary } from '@tidings/server/canary/last-canary.ts'
import { createCanaryListener } from '@tidings/server/canary/listener.ts'
import { noteArrival } from '@tidings/server/canary/store.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp, type TestAppOptions } from './support/app.ts'
import { createDatabaseForTest, type TestDatabase } from './support/database.ts'
import { createOperator } from './support/operator.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-test.ts'

const run = ({ env, ...options }: TestAppOptions = {}) => startAppForTest({ ...options, env: { TIDINGS_CANARY_INTERVAL_S: '1', ...env } })

const readiness = async ({ client }: Pick<TestApp, 'client'>) => {
  const { status, body } = await client.call('GET', '/readycheck')
  return `${status} ${String(body?.message)}`
}

/** Seconds since the last arrival, as readycheck says it. */
const ageOf = async (app: Pick<TestApp, 'client'>) => Number(/ Last canary: (\d+) s ago\.$/.exec(await readiness(app))?.[1] ?? NaN)

const arrivals = async ({ db }: { db: TestDatabase }) => (await db.query(sql`select from canary_beat where arrived is not null`)).length

test('a canary goes the whole way, again and again, and readycheck tells when the last one came', async () => {
  const app = await run()
  await eventually(() => arrivals(app)).toBeGreaterThan(1)
  await eventually(() => readiness(app)).toMatch(/^200 TAPIS_READY Ready check passed by Notifications Service\. Last canary: [01] s ago\.$/)
  await eventually(() => app.db.query(sql`
    select distinct notification.state, notification.http_status, event.tenant, event.series_key, subscription.tenant as "ofTenant"
    from canary_beat join event on event.uuid = canary_beat.event_uuid join notification using (partition, position)
    join delivery_target on delivery_target.id = target_id join subscription on subscription.id = subscription_id
    where canary_beat.arrived is not null and notification.state <> 'waiting'`))
    .toEqual([{ state: 'delivered', http_status: 200, tenant: '(canary)', series_key: null, ofTenant: '(canary)' }])
  expect(await app.db.query(sql`select reason from attempt`)).toEqual([])
})

test('nobody sees it in a list, and nobody else gets or is reached by it', async () => {
  const app = await run()
  await eventually(() => arrivals(app)).toBeGreaterThan(0)
  const [canary] = await app.db.query<{ uuid: string; name: string; address: string }>(sql`
    select subscription.uuid::text, name, address from subscription join delivery_target on subscription_id = subscription.id where tenant = '(canary)'`)
  if (!canary) throw new Error('there is no canary')
  for (const path of ['/subscriptions?anyOwner=true&limit=-1', '/subscriptions?ownedBy=notifications']) expect(await app.client.call('GET', path)).toMatchObject({ status: 200, body: { result: [] } })
  for (const path of [`byUuid/${canary.uuid}`, `byName/${canary.name}?ownedBy=notifications`]) expect(await app.client.call('GET', `/subscriptions/${path}`)).toMatchObject({ status: 404 })
  expect((await app.client.call('GET', '/subscriptions', undefined, { 'x-tapis-tenant': '(canary)' })).status).toBe(401)
  expect((await app.client.call('POST', '/events/publish?tenant=(canary)', {})).status).toBe(401)

  const before = await arrivals(app)
  await app.db.query(sql`update canary set published = now() + interval '1 hour'`) // no more of our own
  await app.subscribe({ addresses: [canary.address], typeFilter: 'jobs.*.*' })
  await app.publish({ subject: 'for-the-canary' })
  await eventually(() => app.db.query(sql`select distinct reason from attempt`)).toEqual([{ reason: 'dns' }])
  expect(await arrivals(app)).toBeLessThanOrEqual(before + 1)
})

test('one canary at a time for all processes, and each receives what it sends', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const apps = await Promise.all([run({ db }), run({ db })])
  await eventually(() => arrivals({ db })).toBeGreaterThan(5)
  const [sent] = await db.query<{ count: number; overS: number }>(sql`
    select count(*)::integer as count, extract(epoch from max(published) - min(published))::float8 as "overS" from canary_beat`)
  expect(sent?.count).toBeLessThan((sent?.overS ?? 0) + 4) // two that do not know of each other would send twice as many
  expect(await db.query(sql`select from subscription`)).toHaveLength(1)
  for (const app of apps) await eventually(() => ageOf(app)).toBeLessThan(3)
})

test('while a partition cannot be worked the age grows, though the service stays ready; then it falls again', async () => {
  const app = await run()
  await eventually(() => ageOf(app)).toBeLessThan(2)
  await app.db.transaction(async (tx) => {
    await tx.query(sql`set local idle_in_transaction_session_timeout = 0`)
    await tx.query(sql`select from partition_cursor for update`)
    await eventually(() => ageOf(app)).toBeGreaterThan(3)
    expect(await readiness(app)).toMatch(/^200 /)
  })
  await eventually(() => ageOf(app)).toBeLessThan(2)
})

test('with the interval at 0 there is none, and readycheck says so', async () => {
  const app = await run({ env: { TIDINGS_CANARY_INTERVAL_S: '0' } })
  expect(await readiness(app)).toMatch(/ Last canary: off\.$/)
  expect(await app.db.query(sql`select from canary`)).toEqual([])
  expect(await app.db.query(sql`select from subscription`)).toEqual([])
})

test('a dispatcher and an api as processes of their own: the canary comes, and the api tells its age, ready or not', async () => {
  const db = await createDatabaseForTest({ isEmpty: true })
  const operator = await createOperator({ DATABASE_URL: db.url, TIDINGS_CANARY_INTERVAL_S: '1' })
  onTestFinished(() => operator.leave())
  await operator.start({ env: { TIDINGS_ROLE: 'api' } })
  expect(await readiness(operator)).toBe('503 TAPIS_NOT_READY Notifications Service is not ready. Last canary: none yet.')
  const dispatcher = await operator.start({ env: { TIDINGS_ROLE: 'dispatcher' } })
  await eventually(() => readiness(operator)).toMatch(/^200 .* Last canary: [01] s ago\.$/)
  expect(await dispatcher.end('SIGTERM')).toBe(0)
  await eventually(() => readiness(operator)).toMatch(/^503 .* Last canary: [3-9] s ago\.$/)
  expect(operator.alarms()).toEqual([])
})

test('a canary that does not arrive raises one alarm for all processes, and its end is said once', async () => {
  const db = await createDatabaseForTest()
  const logs = [createRecordingLog(), createRecordingLog()]
  const sent: string[] = []
  const publish = { event: () => Promise.resolve({ uuid: sent[sent.push(crypto.randomUUID()) - 1] ?? '' }) }
  const beats = logs.map(({ log }) => createBeats({ db, publish, now: () => new Date(), intervalMs: 50, overdueMs: 200, log }))
  const said = (words: string) => logs.flatMap(({ messages }) => messages).filter((message) => message.includes(words)).length
  onTestFinished(async () => {
    await Promise.all(beats.map((one) => one.stop()))
  })
  for (const one of beats) one.start()
  await eventually(() => said('a canary has not arrived')).toBe(1)
  const reported = async () => (await db.query(sql`select from canary_beat where reported`)).length
  await eventually(reported).toBeGreaterThan(3)
  expect(said('a canary has not arrived')).toBe(1)
  expect(logs.flatMap(({ lines }) => lines).filter((line) => line.includes('"level":50'))).toHaveLength(1)
  expect(said('canaries arrive again')).toBe(0)

  await noteArrival(db, sent.at(-1) ?? '')
  await eventually(() => said('canaries arrive again')).toBe(1)
  await eventually(() => said('a canary has not arrived')).toBe(2) // the others are missing still
})

test('what was on its way while no process ran is no reason for an alarm', async () => {
  const db = await createDatabaseForTest()
  const { log, messages } = createRecordingLog()
  const beats = createBeats({ db, publish: { event: () => Promise.resolve({ uuid: crypto.randomUUID() }) }, now: () => new Date(), intervalMs: 20, overdueMs: 60_000, log })
  onTestFinished(() => beats.stop())
  await db.query(sql`insert into canary_beat (event_uuid, published) values (${crypto.randomUUID()}, now() - interval '1 hour'), (${crypto.randomUUID()}, now() - interval '25 hours')`)
  beats.start()
  await eventually(() => db.query(sql`select from canary_beat where published > now() - interval '1 minute'`)).toHaveLength(3)
  expect(messages).toEqual([])
  expect(await db.query(sql`select from canary_beat where published < now() - interval '24 hours'`)).toEqual([])
})

test('while the database does not answer, the age goes on from what was read last', async () => {
  const db = await createDatabaseForTest()
  let isAway = false
  let nowMs = 0
  const lastCanary = createLastCanary({ db: { ...db, query: (statement) => isAway ? Promise.reject(new Error('away')) : db.query(statement) }, isOn: true, clock: () => nowMs })
  isAway = true
  expect(await lastCanary()).toBe('Last canary: unknown.')
  isAway = false
  expect(await lastCanary()).toBe('Last canary: none yet.')
  await db.query(sql`insert into canary_beat (event_uuid, arrived) values (${crypto.randomUUID()}, now() - interval '7.5 s')`)
  expect(await lastCanary()).toBe('Last canary: 7 s ago.')
  isAway = true
  nowMs = 20_000
  expect(await lastCanary()).toMatch(/^Last canary: 2[78] s ago\.$/)
})

test('the listener takes notifications at its secret path only', async () => {
  const arrived: string[] = []
  const listener = createCanaryListener({
    onArrival: (uuid) => uuid === 'bad' ? Promise.reject(new Error('away')) : Promise.resolve(arrived.push(uuid)),
    log: createRecordingLog().log,
  })
  expect(listener.url()).toBeUndefined()
  listener.start()
  onTestFinished(() => listener.stop())
  await eventually(() => listener.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/)
  const url = listener.url() ?? ''
  const send = (to: string, body: string) => new Promise<number | undefined>((resolve, reject) => {
    request(to, { method: 'POST' }, (response) => resolve(response.resume().statusCode)).on('error', reject).end(body)
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
