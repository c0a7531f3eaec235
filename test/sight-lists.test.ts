import type { EventList, SeriesReport } from '@tidings/contract/sight.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { eventually, isDispatched, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()
const SOURCE = 'https://example.org/'

async function read<T>(app: TestApp, path: string, headers?: Readonly<Record<string, string>>): Promise<T> {
  const { status, body } = await app.client.call('GET', path, undefined, headers)
  expect([status, body?.message]).toEqual([200, expect.any(String)])
  return body?.result as T
}

/** Reads pages until there is none. */
async function readAll<T extends { readonly cursor: string | null }>(app: TestApp, path: string): Promise<T[]> {
  const pages = [await read<T>(app, path)]
  for (let cursor = pages.at(-1)?.cursor; cursor != null; cursor = pages.at(-1)?.cursor)
    pages.push(await read<T>(app, `${path}&cursor=${cursor}`))
  return pages
}

async function publishSeries(app: TestApp, subject: string, count: number): Promise<string[]> {
  const uuids: string[] = []
  for (let number = 0; number < count; number += 1)
    uuids.push(await app.publish({ subject, seriesId: 'one', source: SOURCE, type: `jobs.A.N${number % 2}` }))
  await isDispatched(app, uuids.at(-1) ?? '')
  return uuids
}

test('events of a subject come newest first, page by page, each once', async ({ app, subject }) => {
  const uuids = await publishSeries(app, subject, 7)
  await publishSeries(app, `${subject}-other`, 1)
  const pages = await readAll<EventList>(app, `/events?subject=${subject}&limit=3`)
  expect(pages.flatMap(({ events }) => events.map(({ event }) => event.uuid))).toEqual(uuids.toReversed())
  expect(pages.length).toBeGreaterThan(2)
  const odd = await read<EventList>(app, `/events?subject=${subject}&type=jobs.*.N1&seriesId=one`)
  expect(odd.events.map(({ event }) => event.seriesSeqCount)).toEqual([6, 4, 2])
  expect((await read<EventList>(app, `/events?subject=${subject}&source=other`)).events).toEqual([])
})

test('events of a tenant come by time, newest first', async ({ app, subject }) => {
  const uuids = await publishSeries(app, subject, 5)
  const all = await read<EventList>(app, '/events?limit=5')
  expect(all.events.map(({ event }) => event.uuid)).toEqual(uuids.toReversed())
  const [first, second] = [all.events[4]?.event.received ?? '', all.events[3]?.event.received ?? '']
  const between = await readAll<EventList>(app, `/events?from=${first}&to=${second}`)
  expect(between.flatMap(({ events }) => events.map(({ event }) => event.uuid))).toEqual(uuids.slice(0, 1))
  expect((await readAll<EventList>(app, '/events?to=2020-01-01T00:00:00Z')).flatMap(({ events }) => events)).toEqual([])
  const other = await read<EventList>(app, '/events', { 'x-tapis-tenant': 'admin' })
  expect(other.events).toEqual([])
})

test('a series says in order what became of each event, and which one holds up the rest', async ({
  app,
  subject,
  receiver,
}) => {
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  let isFailing = false
  receiver.decide(() => (isFailing ? { status: 503, headers: { 'retry-after': '3' } } : undefined))
  await publishSeries(app, subject, 1)
  await receiver.take(1)
  const path = `/series?source=${encodeURIComponent(SOURCE)}&subject=${subject}&seriesId=one`
  await eventually(async () => (await read<SeriesReport>(app, path)).events[0]?.delivered).toBe(1)
  isFailing = true
  const [held] = await publishSeries(app, subject, 3)
  await eventually(async () => (await read<SeriesReport>(app, path)).heldUpBy[0]?.reason).toBe('retrying')
  const report = await read<SeriesReport>(app, path)
  expect(report.events.map(({ event, notifications }) => [event.seriesSeqCount, notifications[0]?.state])).toEqual([
    [1, 'delivered'],
    [2, 'waiting'],
    [3, 'waiting'],
    [4, 'waiting'],
  ])
  expect(report.heldUpBy).toMatchObject([
    { eventUuid: held, subscription: { name }, seriesSeqCount: 2, lastAttempts: [{ reason: 'http_503' }] },
  ])
  const last = await readAll<SeriesReport>(app, `${path}&limit=3`)
  expect(last[1]?.events.map(({ event }) => event.seriesSeqCount)).toEqual([4])
  expect(last[1]?.heldUpBy).toMatchObject([{ eventUuid: held }])
  isFailing = false
  await app.client.call('DELETE', `/subscriptions/byName/${name}`)
})

test('what is wrong with the parameters is said, all at once', async ({ app }) => {
  const bad = await app.client.call('GET', '/events?limit=0&cursor=x&from=now&type=jobs')
  expect(bad.status).toBe(400)
  for (const part of ['NTFAPI_SIGHT_PARAM_ERR', 'limit', 'cursor', 'from', 'type'])
    expect(bad.body?.message).toContain(part)
  const missing = await app.client.call('GET', '/series?source=s')
  expect([missing.status, missing.body?.message]).toEqual([400, expect.stringMatching(/subject is missing[^]*seriesId is/)])
  const own = await app.client.call('GET', '/events?ownedBy=jdoe')
  expect([own.status, own.body?.message]).toEqual([400, expect.stringContaining('subject is missing')])
})
