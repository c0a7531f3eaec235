import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import type { Envelope } from '@tidings/contract/envelope.ts'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { MAX_LONG_LISTS, MAX_LONG_LISTS_PER_CALLER } from '@tidings/server/api/lists/long-lists.ts'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { eventually } from './support/service-fixtures.ts'
import { storeManySubscriptions } from './support/stored-state.ts'
import { terminateSessions } from './support/database-sessions.ts'

/** Far more than the buffers on the way to a client take. */
const HEAVY = { count: 6000, characters: 2000 }

/** Of the lists alone, and on a way of its own, so that what they do can be seen. */
let lists: TestDatabase
let longListDb: Database
let queries = 0

beforeAll(async () => {
  lists = await createTestDatabase()
  longListDb = createDatabase({
    url: () => lists.url,
    schema: SCHEMA,
    name: 'long lists',
    maxConnections: MAX_LONG_LISTS,
    statementTimeoutMs: 20_000,
    answerTimeoutMs: 22_000,
    log: createLog({ level: 'fatal', isTerminal: false }),
  })
  await storeManySubscriptions(lists, { count: 1201, owner: 'many' })
  await storeManySubscriptions(lists, { count: 500, owner: 'whole' })
  await storeManySubscriptions(lists, { ...HEAVY, owner: 'heavy' })
})
afterAll(async () => {
  await longListDb.close()
  await lists.drop()
})

// After the databases that it uses, so that it stops before they go.
const api = createApiForFile({ deps: () => ({ searchDb: { ...lists, query: countedQuery }, longListDb }) })

const countedQuery: Database['query'] = (statement) => {
  queries += 1
  return lists.query(statement)
}

/** What the connections that long lists hold are doing. */
const holders = () =>
  lists.query<{ state: string; pins: boolean }>(sql`
  select state, backend_xmin is not null as pins
  from pg_stat_activity
  where datname = current_database() and application_name = 'tidings long lists' and query like 'fetch %'
  order by pid`)
const noHolder = () => eventually(holders).toEqual([])

const slowReaders: IncomingMessage[] = []
afterEach(async () => {
  for (const reader of slowReaders.splice(0)) reader.destroy()
  await noHolder()
})

const list = (query: string) => api.call('GET', `/subscriptions?${query}`)

describe('a list of more than 500', () => {
  test('is the same text, byte for byte, as if it had been written in one piece', async () => {
    const parts = await Promise.all(
      [0, 400, 800, 1200].map((skip) =>
        envelopeOf<Subscription[]>(list(`ownedBy=many&select=allAttributes&limit=400&skip=${skip}`)),
      ),
    )
    const response = await list('ownedBy=many&select=allAttributes&limit=-1&skip=7&computeTotal=true&orderBy=created')
    expect([response.headers.get('content-type'), response.headers.get('content-length')]).toEqual([
      'application/json',
      null,
    ])
    const text = await response.text()
    const metadata = {
      recordCount: 1201,
      recordLimit: -1,
      recordsSkipped: 7,
      orderBy: 'created',
      startAfter: null,
      totalCount: 1201,
    }
    const [first] = parts
    expect(text).toBe(
      JSON.stringify({
        ...first,
        result: parts.flatMap(({ result }) => result),
        message: 'TAPIS_FOUND Notifications found: 1201 subscriptions',
        metadata,
      }),
    )
  })

  test('may have a limit, with skip and total', async () => {
    const { result, metadata } = await envelopeOf<Subscription[]>(
      list('ownedBy=many&select=name&limit=700&skip=600&computeTotal=true'),
    )
    expect(result.map(({ name }) => name)).toEqual(
      Array.from({ length: 601 }, (_, index) => `many${String(601 + index).padStart(6, '0')}`),
    )
    expect(metadata).toMatchObject({ recordCount: 601, recordLimit: 700, recordsSkipped: 600, totalCount: 1201 })
    expect((await envelopeOf<Subscription[]>(list('ownedBy=many&limit=2147483647&select=name'))).result).toHaveLength(
      1201,
    )
  })

  test('keeps its conditions and its order', async () => {
    const { result } = await envelopeOf<Subscription[]>(
      list('ownedBy=many&limit=-1&select=name&orderBy=name(desc)&startAfter=many000900&search=(name.neq.many000005)'),
    )
    expect(result.map(({ name }) => name)).toEqual(
      Array.from({ length: 899 }, (_, index) => `many${String(899 - index).padStart(6, '0')}`).filter(
        (name) => name !== 'many000005',
      ),
    )
  })

  test('is not streamed when its limit is at most 500', async () => {
    const response = await list('ownedBy=whole&limit=-1&select=name')
    expect(response.headers.get('content-length')).not.toBeNull()
    expect((await envelopeOf<Subscription[]>(response)).result).toHaveLength(500)
  })

  test('gets a response to HEAD without rows', async () => {
    const response = await api.call('HEAD', '/subscriptions?ownedBy=many&limit=-1')
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

/** Requests the heavy list and reads nothing of the response until it is told to. */
async function startSlowReader(service = 'jobs'): Promise<IncomingMessage> {
  const headers = { 'x-tapis-token': `service:${service}`, 'x-tapis-user': 'heavy', 'x-tapis-tenant': 'dev' }
  const request = get(`${api.address}/v3/notifications/subscriptions?limit=-1&select=allAttributes`, {
    headers,
    agent: false,
  })
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined)
  slowReaders.push(answer)
  return answer
}

describe('a reader that is slow', () => {
  test('holds neither a transaction nor more than a few pages, and gets everything in the end', async () => {
    queries = 0
    const reader = await startSlowReader()
    await eventually(holders).toEqual([{ state: 'idle', pins: false }])
    const pages = await settled(() => queries)
    expect(pages).toBeLessThan(HEAVY.count / 500)
    expect(await holders()).toEqual([{ state: 'idle', pins: false }])
    const { result, metadata } = JSON.parse(await textOf(reader)) as Envelope<Subscription[]>
    expect([result.length, new Set(result.map(({ uuid }) => uuid)).size, metadata?.recordCount]).toEqual([
      HEAVY.count,
      HEAVY.count,
      HEAVY.count,
    ])
  })

  test('takes one of a few places; short lists need none', async () => {
    const readers = await Promise.all(
      Array.from({ length: MAX_LONG_LISTS }, (_, index) => startSlowReader(`service${index}`)),
    )
    await eventually(holders).toHaveLength(MAX_LONG_LISTS)
    const refused = await list('ownedBy=many&limit=-1')
    expect(refused.headers.get('retry-after')).toBe('5')
    expect((await envelopeOf(refused, 503)).message).toMatch(/^NTFAPI_LISTS_BUSY /)
    await envelopeOf(list('ownedBy=whole&limit=-1'))
    readers[0]?.destroy()
    await eventually(async () => {
      const response = await list('ownedBy=many&limit=-1')
      await response.text()
      return response.status
    }).toBe(200)
  })

  test('leaves some places to others', async () => {
    await Promise.all(Array.from({ length: MAX_LONG_LISTS_PER_CALLER }, () => startSlowReader('slow')))
    await eventually(holders).toHaveLength(MAX_LONG_LISTS_PER_CALLER)
    const refused = await api.call('GET', '/subscriptions?ownedBy=many&limit=-1', {
      headers: { 'x-tapis-token': 'service:slow' },
    })
    expect((await envelopeOf(refused, 503)).message).toMatch(/^NTFAPI_LISTS_BUSY /)
    expect((await envelopeOf<Subscription[]>(list('ownedBy=many&limit=-1&select=name'))).result).toHaveLength(1201)
  })

  test('that disconnects gives its place back', async () => {
    for (let round = 0; round < 2 * MAX_LONG_LISTS; round += 1) {
      const reader = await startSlowReader()
      await eventually(holders).toHaveLength(1)
      reader.destroy()
      await noHolder()
    }
  })

  test('never mistakes a list that was cut off for a complete one', async () => {
    const reader = await startSlowReader()
    await eventually(holders).toHaveLength(1)
    await settled(() => queries)
    await terminateSessions(lists, 'tidings long lists')
    await expect(textOf(reader)).rejects.toThrow('aborted')
  })
})

/** Resolves with a number that has not changed for some questions. */
async function settled(read: () => number): Promise<number> {
  let last = -1
  let same = 0
  await eventually(async () => {
    await lists.query(sql`select`)
    same = read() === last ? same + 1 : 0
    last = read()
    return same
  }).toBeGreaterThan(10)
  return last
}

describe('one subscription can have a megabyte of targets', () => {
  const targets = (mark: string) =>
    Array.from({ length: 6000 }, (_, index) => ({
      deliveryMethod: 'WEBHOOK',
      deliveryAddress: `http://127.0.0.1/${mark}${'x'.repeat(90)}${index}`,
    }))

  test('so few of them are read at once, and the list is whole', async () => {
    const other = await startApiForTest({ maxTargets: 10_000 })
    for (const name of ['a', 'b', 'c', 'd']) {
      await envelopeOf(
        other.call('POST', '/subscriptions', {
          body: { name, typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: targets(name) },
        }),
        201,
      )
    }
    const response = await other.call('GET', '/subscriptions?select=deliveryTargets&computeTotal=true')
    expect(response.headers.get('content-length'), 'written in pieces').toBeNull()
    const { result, metadata } = await envelopeOf<Subscription[]>(response)
    expect(result).toEqual(['a', 'b', 'c', 'd'].map((name) => ({ name, deliveryTargets: targets(name) })))
    expect(metadata).toMatchObject({ recordCount: 4, recordLimit: 100, totalCount: 4 })
    expect(
      (await other.call('GET', '/subscriptions')).headers.get('content-length'),
      'without the targets',
    ).not.toBeNull()
  })
})
