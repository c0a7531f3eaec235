import type { EventFilter } from '@tidings/server/sight/event-list-look.ts'
import { listEvents } from '@tidings/server/sight/event-list.ts'
import { reportEvent } from '@tidings/server/sight/event-report.ts'
import { listNotifications } from '@tidings/server/sight/notification-list.ts'
import type { NotificationFilter } from '@tidings/server/sight/notification-filter.ts'
import type { Scope } from '@tidings/server/sight/scope.ts'
import { reportSeries } from '@tidings/server/sight/series-report.ts'
import { listTargets } from '@tidings/server/sight/target-list.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillTables, readBodyReads, readRowsRead, resetRowsRead, storeSightRows } from './support/stored-state.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'

const ROWS = 20_000

let steps: StepwiseService
let eventUuid = ''
let subscriptionUuid = ''
/** Of the tenant that has little; random, so it is stored outside of its row. */
let largeBodyUuid = ''
beforeAll(async () => {
  // One connection: the counters of another one may be told late.
  steps = await openStepwiseService({ database: { maxConnections: 1, readsByKey: true } })
  await fillTables(steps.db, ROWS)
  await steps.subscribe('http://127.0.0.1:9/')
  const published = await steps.publish({}, {}, {})
  await steps.dispatch()
  eventUuid = published[1]?.uuid ?? ''
  const [row] = await steps.db.query<{ uuid: string }>(sql`select uuid from subscription order by id desc limit 1`)
  subscriptionUuid = row?.uuid ?? ''
  await addSmallTenant()
  await steps.db.query(sql`analyze`)
}, 120_000)
afterAll(() => steps.stop())

/** One event and one subscription of a tenant of its own, and one owner more in the large one. */
async function addSmallTenant(): Promise<void> {
  largeBodyUuid = randomUUID()
  const body = `{"n":,"data":"${randomBytes(100_000).toString('hex')}"}`
  const targets = ['small', 'dev'].map((of, index) => ({
    id: 9_000_000 + index,
    subscriptionId: 9_000_000 + index,
    of,
  }))
  await storeSightRows(steps.db, {
    subscriptions: targets.map(({ id, of }) => ({
      id,
      uuid: randomUUID(),
      tenant: of,
      owner: 'eve',
      name: 'of eve',
      isEnded: false,
    })),
    targets: targets.map(({ id, subscriptionId }) => ({ id, subscriptionId, addressKey: randomUUID() })),
    events: [
      {
        partition: 1,
        position: 900_000,
        uuid: largeBodyUuid,
        kind: 'event',
        tenant: 'small',
        seriesKey: null,
        subject: 'subject',
        type3: 'X',
        secondsAgo: 0,
        body,
      },
    ],
    notifications: [
      {
        targetId: 9_000_000,
        laneSeries: largeBodyUuid,
        position: 900_000,
        partition: 1,
        state: 'waiting',
        reason: 'dns',
      },
    ],
    coldLanes: [{ targetId: 9_000_000, laneSeries: largeBodyUuid, head: 900_000 }],
    watermarks: [],
  })
}

const tenant: Scope = { tenant: 'dev', owner: undefined, reader: undefined, withData: true }
const owner: Scope = { ...tenant, owner: 'jdoe', reader: 'jdoe' }
const ANY_NOTIFICATION: NotificationFilter = {
  eventUuid: undefined,
  subscriptionUuid: undefined,
  targetId: undefined,
  series: undefined,
  state: undefined,
  reason: undefined,
  from: undefined,
  to: undefined,
}
const ANY_EVENT: EventFilter = {
  subject: undefined,
  series: undefined,
  type: undefined,
  from: undefined,
  to: undefined,
}
const events = (scope: Scope, filter: Partial<EventFilter>, withBodies = false) =>
  listEvents(steps.db, scope, {
    filter: { ...ANY_EVENT, ...filter },
    after: undefined,
    isNewestFirst: true,
    limit: 100,
    withBodies,
  })
const notifications = (scope: Scope, filter: Partial<NotificationFilter>) =>
  listNotifications(steps.db, scope, { filter: { ...ANY_NOTIFICATION, ...filter }, after: undefined, limit: 100 })
const report = (scope: Scope, uuid: string) =>
  reportEvent(steps.db, scope, { uuid, name: undefined, ownerOfName: 'jdoe' })
const series = { source: 's', subject: 'subject', seriesId: 'series' }

type Look = (scope: Scope, uuid: string) => Promise<unknown>

/** Of a tenant, or of an owner if there is one in the scope. */
const LOOKS: Readonly<Record<string, Look>> = {
  'an event': report,
  'an event that is not there': (scope) => report(scope, randomUUID()),
  'an event, and a subscription by its name': (scope, uuid) =>
    reportEvent(steps.db, scope, { uuid, name: 'x', ownerOfName: 'eve' }),
  'events of a series': (scope) => events(scope, { subject: 'subject', series }),
  'a series': (scope) => reportSeries(steps.db, scope, { series, after: undefined, limit: 100 }),
  'notifications that wait': (scope) => notifications(scope, { state: 'waiting' }),
  'notifications that were given up': (scope) => notifications(scope, { state: 'given_up' }),
  'notifications by reason': (scope) => notifications(scope, { reason: 'http_500' }),
  'notifications of a subscription': (scope) => notifications(scope, { subscriptionUuid }),
  'notifications that wait, of a subscription': (scope) => notifications(scope, { state: 'waiting', subscriptionUuid }),
  'notifications of a target': (scope) => notifications(scope, { targetId: subscriptionUuid }),
  'notifications of a series': (scope) => notifications(scope, { series }),
  'notifications of an event': (scope, uuid) => notifications(scope, { eventUuid: uuid }),
  'all notifications': (scope) => notifications(scope, {}),
  targets: (scope) => listTargets(steps.db, scope, { isFailing: false, after: undefined, limit: 100 }),
  'failing targets': (scope) => listTargets(steps.db, scope, { isFailing: true, after: undefined, limit: 100 }),
}
/** These are refused to an owner with so much. */
const LOOKS_OF_TENANTS: Readonly<Record<string, Look>> = {
  'events of a subject': (scope) => events(scope, { subject: 'subject' }),
  'events of a type': (scope) => events(scope, { type: ['jobs', '*', '*'] }),
  'events before a time': (scope) => events(scope, { to: '2020-01-01T00:00:00Z' }),
}

async function rowsReadBy(look: () => Promise<unknown>) {
  await resetRowsRead(steps.db)
  await look()
  await steps.db.query(sql`select pg_stat_force_next_flush()`)
  return readRowsRead(steps.db)
}

describe.each(Object.entries({ ...LOOKS, ...LOOKS_OF_TENANTS }))('a look at %s', (name, look) => {
  test('reads no table from end to end', async () => {
    const scopes = name in LOOKS ? [tenant, owner] : [tenant]
    for (const scope of scopes) {
      const read = await rowsReadBy(() => look(scope, eventUuid))
      expect(read.filter(({ scanned }) => scanned > 0)).toEqual([])
    }
  })

  test('reads nothing that is outside its scope, however much there is', async () => {
    const eve = { owner: 'eve', reader: 'eve' }
    for (const scope of [
      { ...tenant, tenant: 'small' },
      { ...tenant, tenant: 'small', ...eve },
      { ...tenant, ...eve },
      { ...tenant, tenant: 'nobody' },
    ])
      for (const uuid of [largeBodyUuid, eventUuid]) {
        const read = await rowsReadBy(() => look(scope, uuid))
        expect(read.filter(({ scanned, found }) => scanned > 0 || found > 30)).toEqual([])
      }
  })
})

test('an event of somebody else is looked up as one that is not there: by the same rows, but for its own', async () => {
  const scope = { ...tenant, owner: 'eve', reader: 'eve' }
  expect(await report(scope, eventUuid)).toBeUndefined()
  const ofOther = await rowsReadBy(() => report(scope, eventUuid))
  const ofNobody = await rowsReadBy(() => report(scope, randomUUID()))
  const beside = (read: typeof ofOther) => read.filter(({ table }) => table !== 'event')
  expect(beside(ofOther)).toEqual(beside(ofNobody))
  expect(ofOther.find(({ table }) => table === 'event')?.found).toBeLessThanOrEqual(1)
})

test('a list without data reads no bodies', async () => {
  const small = { ...tenant, tenant: 'small' }
  for (const [withBodies, reads] of [
    [false, 'none'],
    [true, 'some'],
  ] as const) {
    await resetRowsRead(steps.db)
    expect((await events(small, {}, withBodies)).rows).toHaveLength(1)
    await steps.db.query(sql`select pg_stat_force_next_flush()`)
    expect((await readBodyReads(steps.db)) === 0 ? 'none' : 'some').toBe(reads)
  }
})
