import type { EventFilter } from '@tidings/server/sight/event-list-look.ts'
import { listEvents } from '@tidings/server/sight/event-list.ts'
import { reportEvent } from '@tidings/server/sight/event-report.ts'
import { listNotifications } from '@tidings/server/sight/notification-list.ts'
import type { NotificationFilter } from '@tidings/server/sight/notification-filter.ts'
import type { Scope } from '@tidings/server/sight/scope.ts'
import { reportSeries } from '@tidings/server/sight/series-report.ts'
import { listTargets } from '@tidings/server/sight/target-list.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fillTables, readRowsRead, resetRowsRead } from './support/stored-state.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'

const ROWS = 20_000

let steps: StepwiseService
let eventUuid = ''
let subscriptionUuid = ''
beforeAll(async () => {
  steps = await openStepwiseService({ database: { maxConnections: 2, readsByKey: true } })
  await fillTables(steps.db, ROWS)
  await steps.subscribe('http://127.0.0.1:9/')
  const published = await steps.publish({}, {}, {})
  await steps.dispatch()
  eventUuid = published[1]?.uuid ?? ''
  const [row] = await steps.db.query<{ uuid: string }>(sql`select uuid from subscription order by id desc limit 1`)
  subscriptionUuid = row?.uuid ?? ''
  await steps.db.query(sql`analyze`)
}, 120_000)
afterAll(() => steps.stop())

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
const events = (scope: Scope, filter: Partial<EventFilter>) =>
  listEvents(steps.db, scope, {
    filter: { ...ANY_EVENT, ...filter },
    after: undefined,
    isNewestFirst: true,
    limit: 100,
    withBodies: false,
  })
const notifications = (scope: Scope, filter: Partial<NotificationFilter>) =>
  listNotifications(steps.db, scope, { filter: { ...ANY_NOTIFICATION, ...filter }, after: undefined, limit: 100 })
const report = (scope: Scope) => reportEvent(steps.db, scope, { uuid: eventUuid, name: undefined, ownerOfName: 'jdoe' })
const series = { source: 's', subject: 'subject', seriesId: 'series' }

const LOOKS: Readonly<Record<string, () => Promise<unknown>>> = {
  'an event, of a tenant': () => report(tenant),
  'an event, of an owner': () => report(owner),
  'an event that is not there': () =>
    reportEvent(steps.db, owner, { uuid: subscriptionUuid, name: 'x', ownerOfName: '' }),
  'events of a subject': () => events(tenant, { subject: 'subject' }),
  'events of a tenant': () => events(tenant, { type: ['jobs', '*', '*'] }),
  'events before a time': () => events(tenant, { to: '2020-01-01T00:00:00Z' }),
  'events of a series, of an owner': () => events(owner, { subject: 'subject', series }),
  'a series': () => reportSeries(steps.db, tenant, { series, after: undefined, limit: 100 }),
  'notifications that wait': () => notifications(tenant, { state: 'waiting' }),
  'notifications that wait, of a subscription': () => notifications(tenant, { state: 'waiting', subscriptionUuid }),
  'notifications that were given up': () => notifications(tenant, { state: 'given_up' }),
  'notifications by reason': () => notifications(tenant, { reason: 'http_500' }),
  'notifications of a subscription': () => notifications(tenant, { subscriptionUuid }),
  'notifications of a series': () => notifications(tenant, { series }),
  'notifications of an event': () => notifications(tenant, { eventUuid }),
  'all notifications': () => notifications(tenant, {}),
  targets: () => listTargets(steps.db, tenant, { isFailing: false, after: undefined, limit: 100 }),
  'failing targets': () => listTargets(steps.db, tenant, { isFailing: true, after: undefined, limit: 100 }),
}

test.each(Object.keys(LOOKS))('a look reads no table from end to end: %s', async (name) => {
  await resetRowsRead(steps.db)
  await LOOKS[name]?.()
  await steps.db.query(sql`select pg_stat_force_next_flush()`)
  const read = await readRowsRead(steps.db)
  expect(read.filter(({ scanned }) => scanned > ROWS / 4)).toEqual([])
})
