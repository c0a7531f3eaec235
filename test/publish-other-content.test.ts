import { randomUUID } from 'node:crypto'
import { isObject } from '@tidings/contract/is-object.ts'
import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { hashUuid } from '@tidings/server/db/hash-key.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'
import { dataOf, eventually, isDispatched } from './support/service-fixtures.ts'
import { publishWithoutContentHash, storedEvents } from './support/stored-state.ts'

const EVENT = { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'job-7', seriesId: 'job-7', data: 'one' }
const OTHER = { ...EVENT, data: 'other' }
const SERIES = { source: 's', subject: 'job-7', seriesId: 'job-7' }
const REUSED = '422 NTFAPI_IDEMPOTENCY_KEY_REUSED'

let node: RabbitMqNode | undefined

beforeAll(async () => {
  if (hasRabbitMq) node = await startOwnRabbitMq()
})

afterAll(() => node?.remove())

/** Status, code, and the uuid if there is one. */
async function send(
  { client }: Pick<TestApp, 'client'>,
  body: object,
  key: string | undefined,
  { path = '/events/publish', headers = {} } = {},
) {
  const answer = await client.call('POST', path, body, {
    ...headers,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  })
  const { result, message = '' } = answer.body ?? {}
  const uuid = isObject(result) ? String(result.uuid) : undefined
  return { said: `${answer.status} ${message.split(' ')[0] ?? ''}`, uuid }
}

const saying = async (...request: Parameters<typeof send>) => (await send(...request)).said

const STORED = '200 NTFAPI_EVENT_POSTED'
const eventsOf = ({ db }: Pick<TestApp, 'db'>) => storedEvents(db, { kind: 'event' })

describe.each([
  ['the database as broker', true, () => ({})],
  ['RabbitMQ', hasRabbitMq, () => ({ BROKER_URL: node?.url ?? '' })],
] as const)('an Idempotency-Key with %s', (_name, isThere, env) => {
  const testHere = test.skipIf(!isThere)
  const start = () => startAppForTest({ env: env() })

  testHere(
    'stands for one content: another is refused, by whatever differs, and nothing of it is delivered',
    async () => {
      const [app, receiver] = [await start(), await startReceiver()]
      onTestFinished(() => receiver.close())
      await app.subscribe({ addresses: [receiver.url()] })
      const first = await send(app, EVENT, 'k')
      for (const change of [
        { data: 'x' },
        { data: null },
        { type: 'jobs.A.C' },
        { source: 'x' },
        { subject: 'x' },
        { seriesId: null },
        { timestamp: 'x' },
        { endSeries: true },
        { deleteSubscriptionsMatchingSubject: true },
      ]) {
        expect(await saying(app, { ...EVENT, ...change }, 'k'), JSON.stringify(change)).toBe(REUSED)
      }
      expect(await saying(app, EVENT, 'k', { headers: { 'x-tapis-user': 'other' } })).toBe(REUSED)
      expect(await saying(app, OTHER, 'k', { path: '/events' })).toBe(REUSED)
      expect(
        await send(
          app,
          Object.fromEntries([...Object.entries({ unknown: 1, endSeries: false, uuid: 'u', ...EVENT })].toReversed()),
          'k',
        ),
      ).toEqual(first)
      expect(await saying(app, { ...EVENT, data: 'last' }, undefined)).toBe(STORED)
      expect(dataOf(await receiver.take(2))).toEqual(['one', 'last'])
      expect(await eventsOf(app)).toHaveLength(2)
    },
  )

  testHere('is decided once, whether two contents meet in one group or in two processes', async () => {
    const app = await start()
    const other = await startAppForTest({ env: { ...env(), TIDINGS_ROLE: 'api' }, db: app.db })
    for (const doors of [
      [app, app],
      [app, other],
    ] as const) {
      const key = randomUUID()
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const content = index % 2
          return {
            content,
            ...(await send(doors[Math.floor(index / 2) % 2] ?? app, content === 0 ? EVENT : OTHER, key)),
          }
        }),
      )
      const winners = answers.filter(({ said }) => said === STORED)
      expect(new Set(winners.map(({ content, uuid }) => `${content} ${uuid ?? ''}`)).size).toBe(1)
      expect(winners).toHaveLength(20)
      expect(answers.filter(({ said }) => said === REUSED)).toHaveLength(20)
    }
    await eventually(() => eventsOf(app)).toHaveLength(2)
  })

  testHere('counts apart for the ends of series, and there too stands for one', async () => {
    const app = await start()
    const end = (series: object, key: string) => saying(app, series, key, { path: '/events/endSeries' })
    expect(await saying(app, EVENT, 'k')).toBe(STORED)
    expect(await end(SERIES, 'k')).toBe('200 NTFAPI_EVENT_ENDSERIES')
    expect(await end(SERIES, 'k')).toBe('200 NTFAPI_EVENT_ENDSERIES')
    expect(await end({ ...SERIES, seriesId: 'x' }, 'k')).toBe(REUSED)
  })

  testHere('that an earlier release has stored, without its content, is not compared', async () => {
    const app = await start()
    const uuid = hashUuid('dev', 'jobs', 'k')
    await publishWithoutContentHash(app.db, uuid)
    await isDispatched(app, uuid)
    expect(await send(app, EVENT, 'k')).toEqual({ said: STORED, uuid })
    expect(await eventsOf(app)).toHaveLength(1)
  })
})

describe.skipIf(!hasRabbitMq)('RabbitMQ alone', () => {
  const env = () => ({ BROKER_URL: node?.url ?? '' })

  test('a key stored with the database as broker keeps its content after the change to RabbitMQ', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const before = await startAppForTest({ db })
    const { uuid = '' } = await send(before, EVENT, 'k')
    await isDispatched(before, uuid)
    await before.stop()
    const app = await startAppForTest({ db, env: env() })
    expect(await saying(app, OTHER, 'k')).toBe(REUSED)
    expect(await send(app, EVENT, 'k')).toEqual({ said: STORED, uuid })
  })

  test('without the database a publish with a key is "not stored" in time; one without a key goes on', async () => {
    const db = await createDatabaseForTest({ isEmpty: true })
    const way = await startFaultyProxy(() => db.url)
    onTestFinished(() => way.close())
    const app = await startAppForTest({ db, databaseUrl: way.url, env: { ...env(), TIDINGS_ROLE: 'api' } })
    expect(await saying(app, EVENT, 'before')).toBe(STORED)
    for (const breakWay of [way.refuse, way.blackhole]) {
      await breakWay()
      const startedAt = performance.now()
      const keyed = saying(app, EVENT, 'k')
      expect(await saying(app, EVENT, undefined)).toBe(STORED)
      expect(performance.now() - startedAt).toBeLessThan(2000)
      expect(await keyed).toBe('503 NTFAPI_EVENT_POST_ERR')
      expect(performance.now() - startedAt).toBeLessThan(5000)
    }
    await way.forward()
    await eventually(() => saying(app, EVENT, 'k')).toBe(STORED)
    expect(await saying(app, OTHER, 'k')).toBe(REUSED)
  })

  test('a publish that the broker did not accept can be repeated', async () => {
    const own = await startOwnRabbitMq()
    onTestFinished(() => own.remove())
    const app = await startAppForTest({ env: { BROKER_URL: own.url } })
    expect(await saying(app, EVENT, 'before')).toBe(STORED)
    await own.kill()
    expect(await saying(app, EVENT, 'k')).toMatch(/^503 NTFAPI_(EVENT_POST_ERR|PUBLISH_UNKNOWN)$/)
    await own.start()
    await eventually(() => saying(app, EVENT, 'k')).toBe(STORED)
    expect(await saying(app, OTHER, 'k')).toBe(REUSED)
  })
})
