import { randomUUID } from 'node:crypto'
import { createLog } from '@tidings/server/log.ts'
import { createReaper } from '@tidings/server/recovery/reaper.ts'
import { expect } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import {
  dataOf,
  eventually,
  isDispatched,
  notificationsOf,
  numbersOf,
  serviceTest,
} from './support/service-fixtures.ts'
import { endReasons, expireSubscriptions } from './support/stored-state.ts'

const test = serviceTest()

async function call(app: TestApp, method: 'POST' | 'DELETE', path: string): Promise<void> {
  expect(await app.client.call(method, path)).toMatchObject({ status: 200 })
}

test('an event that is published after a subscription was created is matched, each time', async ({
  app,
  receiver,
  subject,
}) => {
  for (let round = 0; round < 20; round += 1) {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: `${subject}-${round}` })
    await app.publish({ subject: `${subject}-${round}` })
  }
  await receiver.take(20)
})

test('an event that is published after a subscription was deleted is not matched', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await app.subscribe({ addresses: [receiver.url('/deleted')], subjectFilter: subject })
  await app.subscribe({ addresses: [receiver.url('/kept')], subjectFilter: subject })
  await call(app, 'DELETE', `/subscriptions/byName/${name}`)
  const uuid = await app.publish({ subject })
  expect((await receiver.take(1))[0]?.path).toBe('/kept')
  expect(await notificationsOf(app, uuid)).toHaveLength(1)
})

test('a disabled subscription is not matched until it is enabled again; what was matched before is delivered', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  let isFailing = true
  receiver.decide(() => (isFailing ? 500 : undefined))
  await app.publish({ subject, data: 'before' })
  await receiver.take(1)
  await call(app, 'POST', `/subscriptions/${name}/disable`)
  const missed = await app.publish({ subject, data: 'missed' })
  await isDispatched(app, missed)
  await call(app, 'POST', `/subscriptions/${name}/enable`)
  isFailing = false
  await app.publish({ subject, data: 'after' })
  await receiver.waitFor((received) => dataOf(received).includes('after'))
  expect(await notificationsOf(app, missed)).toEqual([])
  const delivered = receiver.received.filter(({ answeredStatus }) => answeredStatus !== 500)
  expect(dataOf(delivered)).toEqual(['before', 'after'])
  expect(numbersOf(delivered)).toEqual([1, 3])
})

test.for([
  ['jobs.*.*', true],
  ['jobs.JOB_NEW_STATUS.*', true],
  ['jobs.*.RUNNING', true],
  ['jobs.JOB_NEW_STATUS.RUNNING', true],
  ['jobs.JOB_NEW_STATUS.running', false],
  ['jobs.OTHER.*', false],
  ['apps.*.*', false],
] as const)(
  'the type filter %s matches jobs.JOB_NEW_STATUS.RUNNING: %s',
  async ([typeFilter, isMatch], { app, receiver, subject }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject, typeFilter })
    const uuid = await app.publish({ subject, type: 'jobs.JOB_NEW_STATUS.RUNNING' })
    await isDispatched(app, uuid)
    expect(await notificationsOf(app, uuid)).toHaveLength(isMatch ? 1 : 0)
  },
)

test('a subject filter matches its subject in every letter, `*` matches all, and no subject only `*`', async ({
  app,
  receiver,
}) => {
  const typeFilter = `jobs.T${randomUUID()}.*`
  const type = typeFilter.replace('*', 'X')
  for (const subjectFilter of ['Case', 'case', '*'])
    await app.subscribe({ addresses: [receiver.url(`/${subjectFilter}`)], subjectFilter, typeFilter })
  const expected: [string | null, string[]][] = [
    ['Case', ['/*', '/Case']],
    ['case', ['/*', '/case']],
    ['*', ['/*']],
    [null, ['/*']],
    ['Case ', ['/*']],
  ]
  for (const [subject, paths] of expected) {
    const uuid = await app.publish({ subject, type })
    const received = await receiver.take(paths.length)
    expect(received.map(({ path }) => path).sort()).toEqual(paths)
    expect(await notificationsOf(app, uuid)).toHaveLength(paths.length)
  }
})

test('events of one tenant are not matched with subscriptions of another', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url('/dev')], subjectFilter: subject })
  await app.subscribe({ addresses: [receiver.url('/admin')], subjectFilter: subject }, { 'x-tapis-tenant': 'admin' })
  const uuid = await app.publish({ subject })
  expect((await receiver.take(1))[0]?.path).toBe('/dev')
  expect(await notificationsOf(app, uuid)).toHaveLength(1)
})

test('an expired subscription still gets what was received before its expiry, and nothing received later', async ({
  receiver,
}) => {
  const api = await startApp({ env: { TIDINGS_ROLE: 'api' } })
  const forever = receiver.url('/forever')
  await api.subscribe({ addresses: [forever], subjectFilter: 'backlog', ttlMinutes: 0 })
  const expired = { addresses: [receiver.url('/expired')], subjectFilter: 'backlog', ttlMinutes: 1 }
  const name = await api.subscribe(expired)
  const inTime = await api.publish({ subject: 'backlog', data: 'in time' })
  // A minute is too long for a test: its time is up right after what has been received so far.
  await expireSubscriptions(api.db, { name, agoS: 0 })
  const tooLate = await api.publish({ subject: 'backlog', data: 'too late' })
  const reaper = createReaper({ db: api.db, intervalMs: 60_000, log: createLog({ level: 'silent' }) })
  reaper.start()
  await eventually(() => endReasons(api.db, { name })).toEqual(['expired'])
  await reaper.stop()
  const dispatcher = await startApp({ db: api.db, env: { TIDINGS_ROLE: 'dispatcher' } })
  const received = await receiver.take(3)
  await isDispatched(api, tooLate)
  expect(received.map(({ path, notification }) => `${path} ${notification.event.data}`).sort()).toEqual([
    '/expired in time',
    '/forever in time',
    '/forever too late',
  ])
  expect([await notificationsOf(api, inTime), await notificationsOf(api, tooLate)].map((rows) => rows.length)).toEqual([
    2, 1,
  ])
  await dispatcher.stop()
  await api.stop()
})
