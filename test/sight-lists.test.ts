import type { EventList, NotificationList, SeriesReport, StatusReport, TargetList } from '@tidings/contract/sight.ts'
import type { Receiver } from '@tidings/harness/receiver.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { eventually, isDispatched, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest({ TIDINGS_OPERATORS: 'jobs' })
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
  expect(pages.flatMap(({ events }) => events.map(({ uuid }) => uuid))).toEqual(uuids.toReversed())
  expect(pages.length).toBeGreaterThan(2)
  const odd = await read<EventList>(
    app,
    `/events?subject=${subject}&type=jobs.*.N1&seriesId=one&source=${encodeURIComponent(SOURCE)}`,
  )
  expect(odd.events.map(({ seriesSeqCount }) => seriesSeqCount)).toEqual([6, 4, 2])
  expect((await read<EventList>(app, `/events?subject=${subject}&seriesId=one&source=other`)).events).toEqual([])
})

test('events of a tenant come by time, newest first', async ({ app, subject }) => {
  const uuids = await publishSeries(app, subject, 5)
  const all = await read<EventList>(app, '/events?limit=5')
  expect(all.events.map(({ uuid }) => uuid)).toEqual(uuids.toReversed())
  const [first, second] = [all.events[4]?.received ?? '', all.events[3]?.received ?? '']
  const between = await readAll<EventList>(app, `/events?from=${first}&to=${second}`)
  expect(between.flatMap(({ events }) => events.map(({ uuid }) => uuid))).toEqual(uuids.slice(0, 1))
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
  expect(report.events.map(({ seriesSeqCount, notifications }) => [seriesSeqCount, notifications[0]?.state])).toEqual([
    [1, 'delivered'],
    [2, 'waiting'],
    [3, 'waiting'],
    [4, 'waiting'],
  ])
  expect(report.heldUpBy).toMatchObject([
    { eventUuid: held, subscription: { name }, seriesSeqCount: 2, lastAttempts: [{ reason: 'http_503' }] },
  ])
  const last = await readAll<SeriesReport>(app, `${path}&limit=3`)
  expect(last[1]?.events.map(({ seriesSeqCount }) => seriesSeqCount)).toEqual([4])
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
  expect([missing.status, missing.body?.message]).toEqual([
    400,
    expect.stringMatching(/subject is missing[^]*seriesId is/),
  ])
  const half = await app.client.call('GET', '/events?source=s')
  expect([half.status, half.body?.message]).toEqual([400, expect.stringContaining('name a series together')])
})

/** One target that fails, one that answers 410, one that takes everything; three events. */
async function mixedDeliveries(app: TestApp, subject: string, receiver: Receiver) {
  receiver.decide(({ path }) =>
    path === '/fails' ? { status: 503, headers: { 'retry-after': '30' } } : path === '/gone' ? 410 : undefined,
  )
  const names = []
  for (const path of ['/fails', '/gone', '/takes'])
    names.push(await app.subscribe({ addresses: [receiver.url(path)], subjectFilter: subject }))
  const uuids = await publishSeries(app, subject, 3)
  const [fails = '', gone = '', takes = ''] = names
  const states = async () =>
    (await read<NotificationList>(app, `/notifications?event=${uuids[2]}`)).notifications.map(({ state }) => state)
  await eventually(states).toEqual(['waiting', 'given_up', 'delivered'])
  return { fails, gone, takes, uuids }
}

const idsOf = (pages: readonly NotificationList[]) =>
  pages.flatMap(({ notifications }) =>
    notifications.map(({ eventUuid, subscription }) => `${subscription.name} ${eventUuid}`),
  )

test('notifications are found by each filter, page by page, each once', async ({ app, subject, receiver }) => {
  const { fails, gone, takes, uuids } = await mixedDeliveries(app, subject, receiver)
  const [first, second, third] = uuids
  const find = async (query: string) => idsOf(await readAll<NotificationList>(app, `/notifications?limit=2&${query}`))
  const all = [third, second, first]
  const [waiting] = (await read<NotificationList>(app, `/notifications?event=${first}&state=waiting`)).notifications
  const target = waiting?.target.id ?? ''

  expect(await find(`event=${first}`)).toEqual([fails, gone, takes].map((name) => `${name} ${first}`))
  expect(await find(`subscription=${waiting?.subscription.uuid}`)).toEqual(all.map((uuid) => `${fails} ${uuid}`))
  expect(await find(`target=${target}`)).toEqual(all.map((uuid) => `${fails} ${uuid}`))
  expect(await find(`target=${target}&state=waiting`)).toEqual(all.map((uuid) => `${fails} ${uuid}`))
  expect(await find(`target=${target}&reason=http_503`)).toEqual([`${fails} ${first}`])
  const series = `source=${encodeURIComponent(SOURCE)}&subject=${subject}&seriesId=one`
  expect((await find(`${series}&state=given_up`)).sort()).toEqual(all.map((uuid) => `${gone} ${uuid}`).sort())
  expect((await find(`${series}&state=given_up&reason=gone`)).length).toBe(3)
  expect((await find(`${series}&state=waiting`)).sort()).toEqual(uuids.map((uuid) => `${fails} ${uuid}`).sort())
  expect((await find(series)).length).toBe(9)
  expect(await find(`${series}&state=cancelled`)).toEqual([])
  expect(await find(`${series}&to=2020-01-01T00:00:00Z`)).toEqual([])
  expect((await find(`${series}&from=2020-01-01T00:00:00Z&state=delivered`)).length).toBe(3)
  expect(await find(`ownedBy=nobody&${series}`)).toEqual([])

  const deliveries = await readAll<NotificationList>(app, `/subscriptions/byName/${takes}/deliveries?limit=2`)
  expect(idsOf(deliveries)).toEqual(all.map((uuid) => `${takes} ${uuid}`))
  expect((await app.client.call('GET', '/subscriptions/byName/nobody/deliveries')).status).toBe(404)
  await app.client.call('DELETE', `/subscriptions/byName/${fails}`)
  await eventually(async () =>
    (await read<NotificationList>(app, `/subscriptions/byName/${fails}/deliveries`)).notifications.map(
      ({ state }) => state,
    ),
  ).toEqual(['cancelled', 'cancelled', 'cancelled'])
})

test('what is on the wire is among what waits, before and after it has failed', async ({ app, subject, receiver }) => {
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  let answer: (() => void) | undefined
  receiver.decide((_request, response) => {
    answer = () => response.writeHead(200).end()
    return 'withheld'
  })
  const uuids = await publishSeries(app, subject, 2)
  await receiver.take(1)
  const pages = await readAll<NotificationList>(app, '/notifications?limit=1&state=waiting')
  expect(idsOf(pages)).toEqual(uuids.toReversed().map((uuid) => `${name} ${uuid}`))
  receiver.decide(() => undefined)
  answer?.()
  await receiver.take(1)
})

test('a failing target says what waits for it, since when and why; so does the status', async ({
  app,
  subject,
  receiver,
}) => {
  const { fails, takes } = await mixedDeliveries(app, subject, receiver)
  const lists = await readAll<TargetList>(app, '/targets?limit=2')
  const all = lists.flatMap(({ targets }) => targets)
  expect(all.find(({ subscription }) => subscription.name === takes)).toMatchObject({ coldLanes: 0, waiting: 0 })
  const failing = (await readAll<TargetList>(app, '/targets?failing=true&limit=1')).flatMap(({ targets }) => targets)
  expect(failing).toMatchObject([
    {
      subscription: { name: fails },
      target: { deliveryAddress: receiver.url('/fails') },
      coldLanes: 1,
      waiting: 3,
      attempts: 1,
      lastFailure: 'http_503',
    },
  ])
  expect([failing[0]?.oldest, failing[0]?.nextTry].every((text) => text?.endsWith('Z'))).toBe(true)
  expect((await read<TargetList>(app, '/targets?failing=true&ownedBy=nobody')).targets).toEqual([])

  const status = await read<StatusReport>(app, '/status')
  expect(status.partitions.length).toBeGreaterThan(0)
  expect(status.partitions.every(({ isOwned }) => isOwned)).toBe(true)
  expect(status.tenants).toMatchObject([{ tenant: 'dev', coldLanes: 1, waiting: 3 }])
  expect(status.targets).toMatchObject([
    { tenant: 'dev', target: { id: failing[0]?.target.id, deliveryAddress: null }, lastFailure: 'http_503' },
  ])
  await app.client.call('DELETE', `/subscriptions/byName/${fails}`)
})
