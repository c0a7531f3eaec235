import {
  CURSORS,
  EVENTS,
  EVENT_UUIDS,
  LANES,
  NOTIFICATIONS,
  SERIES,
  SUBSCRIPTIONS,
  TARGETS,
  notificationKey,
  type EventRow,
} from '../database/schema.ts'
import { EPOCH_MS, type DatabaseServer } from '../database/server.ts'
import type { Plan, PlannedPublish } from './plan.ts'
import { recordOf } from './records.ts'

/** Failed attempts at the head of each lane. */
const ATTEMPTS = 1

/**
 * What a dispatcher of the former release has left: events of one series, dispatched, and not delivered to the
 * subscriptions that nobody changes. Each of their lanes has a row, with its exact head and count.
 */
export function insertFormerRows(server: DatabaseServer, plan: Plan): void {
  const events = plan.former.map((planned, at) => insertEvent(server, plan, planned, at + 1))
  const [first] = events
  const last = events.at(-1)
  if (!first || !last || first.seriesKey === null) return
  const { partition, seriesKey } = first
  server.tables.put(CURSORS, { partition, position: last.position, settledBelow: 0 })
  server.tables.put(SERIES, { key: seriesKey, number: events.length })
  for (const { id, method, addressKey } of stableTargets(server, plan, first.tenant)) {
    for (const [at, event] of events.entries()) insertNotification(server, { event, targetId: id, number: at + 1 })
    server.tables.put(LANES, {
      targetId: id,
      laneSeries: seriesKey,
      partition,
      method,
      addressKey,
      head: first.position,
      waiting: events.length,
      format: 1,
      attempts: ATTEMPTS,
      due: EPOCH_MS + plan.formerDueMs,
    })
  }
}

function insertEvent({ tables, reserve }: DatabaseServer, plan: Plan, planned: PlannedPublish, at: number): EventRow {
  const received = new Date(EPOCH_MS - 60_000 + at)
  const { type, contentHash, ...record } = recordOf(planned, plan.partitions, received)
  const row = {
    ...record,
    position: reserve('event_position'),
    format: 1,
    type: type ?? ([null, null, null] as const),
    received: received.getTime(),
    contentHash: contentHash ?? null,
  }
  tables.put(EVENTS, row)
  tables.put(EVENT_UUIDS, { uuid: row.uuid, partition: row.partition, position: row.position })
  return row
}

interface FormerNotification {
  readonly event: EventRow
  readonly targetId: number
  readonly number: number
}

function insertNotification(
  { tables, reserve }: DatabaseServer,
  { event, targetId, number }: FormerNotification,
): void {
  const { partition, position } = event
  const laneSeries = event.seriesKey ?? event.uuid
  tables.put(NOTIFICATIONS, {
    targetId,
    laneSeries,
    position,
    partition,
    uuid: `n${reserve('notification')} ${notificationKey(targetId, laneSeries, position)}`,
    number,
    created: event.received,
    state: 'waiting',
    attempts: 0,
    settled: null,
  })
}

function stableTargets({ tables }: DatabaseServer, plan: Plan, tenant: string) {
  const names = plan.subscriptions.filter((one) => one.isStable && one.tenant === tenant).map(({ name }) => name)
  return [...tables.all(SUBSCRIPTIONS)]
    .filter((row) => row.tenant === tenant && names.includes(row.name))
    .flatMap(({ id }) => [...tables.group(TARGETS, String(id))])
}
