import { createRandom } from '@tidings/harness/sim/world/random.ts'
import { LookTooBroad, type Bounds } from '@tidings/server/sight/bounds.ts'
import type { EventFilter } from '@tidings/server/sight/event-list-look.ts'
import { listEvents } from '@tidings/server/sight/event-list.ts'
import { listNotifications } from '@tidings/server/sight/notification-list.ts'
import type { NotificationFilter } from '@tidings/server/sight/notification-filter.ts'
import type { Page, Place } from '@tidings/server/sight/page.ts'
import type { Scope } from '@tidings/server/sight/scope.ts'
import { reportSeries } from '@tidings/server/sight/series-report.ts'
import { listTargets } from '@tidings/server/sight/target-list.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { openInstallation } from '@tidings/server/db/installation.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSightModel, SOURCE, type SightModel } from './support/sight-model.ts'
import { storeSightRows, type SightEvent } from './support/stored-state.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'

const EVENTS = 150
/** So small that every scan is cut off, again and again. */
const BOUNDS: Bounds = {
  events: 7,
  subscriptions: 3,
  notifications: 5,
  ofEvent: 3,
  targets: 1000,
  sorted: 1000,
  bodyBytes: 500,
}
/** With more targets, or notifications, than are merged or sorted. */
const BOUNDS_THAT_SORT_NOTHING: Bounds = { ...BOUNDS, sorted: 2 }
/** So that the targets of a series may be merged. */
const BOUNDS_OF_EVENTS: Bounds = { ...BOUNDS, notifications: 100 }

const scopeOf = (tenant: string, owner?: string): Scope => ({ tenant, owner, reader: owner, withData: true })
const SCOPES = [
  scopeOf('ta'),
  scopeOf('ta', 'bob'),
  scopeOf('ta', 'carol'),
  scopeOf('ta', 'nobody'),
  scopeOf('tb'),
  scopeOf('tb', 'dora'),
  scopeOf('tc'),
  scopeOf('td'),
]
const nameOf = ({ tenant, owner }: Scope) => `${tenant}${owner === undefined ? '' : `/${owner}`}`

/** Reads pages until there is none. */
async function readAll<Row>(read: (after: Place | undefined) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = []
  let after: Place | undefined
  for (let pages = 0; pages < 2000; pages += 1) {
    const page = await read(after)
    rows.push(...page.rows)
    if (page.next === null) return rows
    after = page.next
  }
  throw new Error('there is no end')
}

describe.each([1, 2, 3])('of random rows %i', (seed) => {
  let db: TestDatabase
  let model: SightModel
  let now = 0
  beforeAll(async () => {
    db = await createTestDatabase({ maxConnections: 2, readsByKey: true })
    await openInstallation(db, { partitions: 4, brokerKind: 'database' })
    model = makeSightModel(createRandom(seed), EVENTS)
    await storeSightRows(db, model.rows)
    const [row] = await db.query<{ now: string }>(sql`
      select to_char(max(received + interval '1 second') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as now
      from event`)
    const newest = Math.min(...model.rows.events.map(({ secondsAgo }) => secondsAgo))
    now = Date.parse(row?.now ?? '') / 1000 - 1 + newest
  })
  afterAll(() => db.drop())

  const instantAgo = (seconds: number) => new Date((now - seconds) * 1000).toISOString()
  const isIn = ({ tenant, owner }: Scope, one: { readonly tenant: string; readonly owner: string }) =>
    one.tenant === tenant && (owner === undefined || one.owner === owner)
  const laneOf = (tenant: string, subject: string, seriesId: string) =>
    model.rows.events.find(
      ({ seriesKey, tenant: ofTenant, subject: of, position }) =>
        seriesKey !== null && ofTenant === tenant && of === subject && (seriesId === 'series-old') === position < 10,
    )?.seriesKey ?? 'none'

  const isInPeriod = ({ secondsAgo }: SightEvent, from: number | undefined, to: number | undefined) =>
    (from === undefined || secondsAgo <= from) && (to === undefined || secondsAgo > to)

  describe.each(SCOPES.map((scope) => [nameOf(scope), scope] as const))('as %s', (_name, scope) => {
    const visible = () => model.notifications.filter((one) => isIn(scope, one))
    const visibleEvents = () =>
      model.rows.events.filter(
        (event) =>
          event.kind === 'event' &&
          event.tenant === scope.tenant &&
          (scope.owner === undefined || visible().some((one) => one.event === event)),
      )

    test.each([
      { from: undefined, to: undefined },
      { subject: 'one' },
      { subject: 'two', type3: 'X' },
      { type3: 'Y', from: 30, to: 10 },
      { from: 5010 },
      { to: 4000 },
      { subject: 'one', seriesId: 'series-new' },
      { subject: 'three', seriesId: 'series-old', type3: 'X' },
      { subject: 'nothing' },
    ] as readonly { subject?: string; seriesId?: string; type3?: string; from?: number; to?: number }[])(
      'events %o: the pages are all of them, in order, and there is no page for those of others',
      async ({ subject, seriesId, type3, from, to }) => {
        const filter: EventFilter = {
          subject,
          series: subject === undefined || seriesId === undefined ? undefined : { source: SOURCE, subject, seriesId },
          type: type3 === undefined ? undefined : ['jobs', '*', type3],
          from: from === undefined ? undefined : instantAgo(from),
          to: to === undefined ? undefined : instantAgo(to),
        }
        const expected = visibleEvents().filter(
          (event) =>
            (subject === undefined || event.subject === subject) &&
            (seriesId === undefined || event.seriesKey === laneOf(scope.tenant, subject ?? '', seriesId)) &&
            (type3 === undefined || event.type3 === type3) &&
            isInPeriod(event, from, to),
        )
        for (const [limit, withBodies] of [
          [1, false],
          [4, true],
          [100, true],
        ] as const) {
          const read = (after: Place | undefined) =>
            listEvents(db, scope, { filter, after, isNewestFirst: true, limit, withBodies }, BOUNDS_OF_EVENTS)
          const rows = await readAll(read)
          const byTime = scope.owner === undefined && subject === undefined
          expect(rows.map(({ uuid }) => uuid)).toEqual(
            expected
              .toSorted((a, b) => (byTime ? a.secondsAgo - b.secondsAgo : 0) || b.position - a.position)
              .map(({ uuid }) => uuid),
          )
          const [first] = rows
          expect(first === undefined ? false : first.event !== null).toBe(withBodies && first !== undefined)
        }
        if (visibleEvents().length === 0)
          expect(
            await listEvents(
              db,
              scope,
              { filter, after: undefined, isNewestFirst: true, limit: 1, withBodies: false },
              BOUNDS_OF_EVENTS,
            ),
          ).toEqual({ rows: [], next: null })
      },
    )

    test('a series: the pages are all of it, oldest first, with the notifications within the scope', async () => {
      for (const seriesId of ['series-old', 'series-new']) {
        const series = { source: SOURCE, subject: 'two', seriesId }
        const rows = await readAll((after) => reportSeries(db, scope, { series, after, limit: 3 }, BOUNDS_OF_EVENTS))
        const expected = visibleEvents()
          .filter(({ seriesKey }) => seriesKey === laneOf(scope.tenant, 'two', seriesId))
          .map((event) => ({
            uuid: event.uuid,
            notifications: Math.min(10, visible().filter((one) => one.event === event).length),
          }))
        expect(rows.map(({ uuid, notifications }) => ({ uuid, notifications: notifications.length }))).toEqual(expected)
      }
    })

    const ANY: NotificationFilter = {
      eventUuid: undefined,
      subscriptionUuid: undefined,
      targetId: undefined,
      series: undefined,
      state: undefined,
      reason: undefined,
      from: undefined,
      to: undefined,
    }

    async function compare(
      filter: Partial<NotificationFilter>,
      isWanted: (one: SightModel['notifications'][number]) => boolean,
    ) {
      const expected = visible().filter(isWanted)
      for (const bounds of [BOUNDS, BOUNDS_THAT_SORT_NOTHING])
        for (const limit of [1, 3, 100]) {
          const rows = await readAll((after) =>
            listNotifications(db, scope, { filter: { ...ANY, ...filter }, after, limit }, bounds),
          )
          const ids = rows.map(
            ({ subscription, target, eventUuid }) => `${subscription.uuid} ${target.id} ${eventUuid}`,
          )
          expect(ids.toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
        }
      if (visible().length === 0 && model.rows.subscriptions.every((one) => !isIn(scope, one)))
        expect(
          (await listNotifications(db, scope, { filter: { ...ANY, ...filter }, after: undefined, limit: 1 }, BOUNDS))
            .next,
        ).toBeNull()
    }

    test('notifications: the pages are all of them, each once, in every state', async () => {
      await compare({}, () => true)
      for (const state of ['waiting', 'delivered', 'given_up', 'cancelled'] as const)
        await compare({ state }, (one) => one.state === state)
    })

    test('notifications by reason and by time: the pages are all of them, each once', async () => {
      await compare({ reason: 'dns' }, (one) => one.reason === 'dns')
      await compare(
        { state: 'given_up', reason: 'http_500' },
        (one) => one.state === 'given_up' && one.reason === 'http_500',
      )
      await compare({ from: instantAgo(30), to: instantAgo(10) }, ({ event }) => isInPeriod(event, 30, 10))
      await compare({ to: instantAgo(4000) }, ({ event }) => isInPeriod(event, undefined, 4000))
    })

    test('notifications of a series: the pages are all of them, each once', async () => {
      for (const seriesId of ['series-old', 'series-new', 'series-none']) {
        const lane = laneOf(scope.tenant, 'one', seriesId)
        const series = { source: SOURCE, subject: 'one', seriesId }
        if (seriesId === 'series-none') await compare({ series }, () => false)
        else {
          await compare({ series }, ({ event }) => event.seriesKey === lane)
          await compare(
            { series, state: 'waiting' },
            ({ event, state }) => event.seriesKey === lane && state === 'waiting',
          )
        }
      }
    })

    test('notifications of an event, a subscription, a target: the pages are all of them, each once', async () => {
      const random = createRandom(seed)
      for (let round = 0; round < 8; round += 1) {
        const event = random.pick(model.rows.events)
        await compare({ eventUuid: event.uuid }, (one) => one.event === event)
        const { uuid } = random.pick(model.rows.subscriptions)
        await compare({ subscriptionUuid: uuid }, (one) => one.subscriptionUuid === uuid)
        const { addressKey } = random.pick(model.rows.targets)
        await compare(
          { targetId: addressKey, state: 'waiting' },
          (one) => one.addressKey === addressKey && one.state === 'waiting',
        )
        await compare(
          { eventUuid: event.uuid, targetId: addressKey },
          (one) => one.event === event && one.addressKey === addressKey,
        )
      }
    })

    test('targets: the pages are all in force, by owner and name; failing ones have a lane with a row', async () => {
      for (const isFailing of [false, true])
        for (const limit of [1, 100]) {
          const rows = await readAll((after) => listTargets(db, scope, { isFailing, after, limit }, BOUNDS))
          const subscriptions = model.rows.subscriptions.filter((one) => isIn(scope, one) && !one.isEnded)
          const expected = subscriptions.flatMap(({ id, uuid, owner, name }) =>
            model.rows.targets
              .filter(({ subscriptionId }) => subscriptionId === id)
              .filter(
                ({ id: targetId }) => !isFailing || model.rows.coldLanes.some((lane) => lane.targetId === targetId),
              )
              .map((target) => ({ key: `${owner} ${name} ${uuid}`, id: target.addressKey })),
          )
          const shown = rows.map(({ subscription: { owner, name, uuid }, target }) => ({
            key: `${owner} ${name} ${uuid}`,
            id: target.id,
          }))
          const text = (one: { key: string; id: string }) => `${one.key} ${one.id}`
          expect(shown.map(text).toSorted()).toEqual(expected.map(text).toSorted())
          expect(shown.map(({ key }) => key)).toEqual(shown.map(({ key }) => key).toSorted())
        }
    })
  })

  test('the bodies of a page are bounded: but for the last one, they fit', async () => {
    const filter = { subject: undefined, series: undefined, type: undefined, from: undefined, to: undefined }
    let after: Place | undefined
    const sizes: number[] = []
    do {
      const request = { filter, after, isNewestFirst: true, limit: 100, withBodies: true }
      const page = await listEvents(db, scopeOf('ta'), request, { ...BOUNDS, events: 1000 })
      const bytes = page.rows.map(({ bodyBytes }) => bodyBytes)
      expect(bytes.slice(0, -1).reduce((sum, one) => sum + one, 0)).toBeLessThan(BOUNDS.bodyBytes)
      sizes.push(bytes.length)
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(sizes.length).toBeGreaterThan(5)
    expect(Math.max(...sizes)).toBeGreaterThan(3)
  })

  test('who has more than is sorted is told what to ask for', async () => {
    const filter = { subject: undefined, series: undefined, type: undefined, from: undefined, to: undefined }
    const request = { filter, after: undefined, isNewestFirst: true, limit: 1, withBodies: false }
    await expect(listEvents(db, scopeOf('ta', 'bob'), request, BOUNDS_THAT_SORT_NOTHING)).rejects.toThrow(LookTooBroad)
  })
})
