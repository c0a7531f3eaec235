import {
  CURSORS,
  DEAD_LETTERS,
  EVENTS,
  FAN_OUTS,
  LANES,
  NOTIFICATIONS,
  REMOVALS,
  REMOVAL_MEMBERS,
  SUBSCRIPTIONS,
  TARGETS,
  type EventRow,
  type NotificationRow,
} from '../database/schema.ts'
import type { Tables } from '../database/tables.ts'
import type { Dispatcher } from '../process/dispatcher-process.ts'
import type { Plan } from '../plan/plan.ts'
import { RETRY } from '../process/sim-deliveries.ts'
import type { AddressHistory } from './address-history.ts'
import type { ArrivalJudge } from './arrival-judge.ts'
import type { Findings } from './findings.ts'
import type { PublishLedger } from './publish-ledger.ts'

export interface FinalJudgeDeps {
  readonly tables: Tables
  readonly plan: Plan
  readonly ledger: PublishLedger
  readonly arrivals: ArrivalJudge
  readonly addresses: AddressHistory
  readonly findings: Findings
}

const MIN_ATTEMPTS = 3
/** So long a breaker is open at least before what is past its horizon behind it is given up: its probes have failed. */
const PROBED_MS = 2500

/** Returns what is left to do, in words; undefined: everything is settled. */
export function leftovers(tables: Tables): string | undefined {
  const lanes = count(tables.all(LANES))
  const removals = count(tables.all(REMOVALS)) + count(tables.all(REMOVAL_MEMBERS))
  const records = undispatched(tables)
  const fanOuts = count(tables.all(FAN_OUTS))
  const unsettled = count([...tables.all(NOTIFICATIONS)].filter(({ settled }) => settled === null))
  return lanes + removals + records + fanOuts + unsettled === 0
    ? undefined
    : `${unsettled} notifications, ${lanes} lanes, ${removals} removals, ${fanOuts} fan-outs, ${records} records left`
}

const count = (rows: Iterable<unknown>) => [...rows].length

function undispatched(tables: Tables): number {
  let left = 0
  for (const { partition, position } of tables.all(CURSORS))
    for (const event of tables.group(EVENTS, String(partition))) if (event.position > position) left += 1
  return left
}

/** Judges the tables when everything has come to rest. */
export function judgeTheEnd(deps: FinalJudgeDeps, dispatchers: readonly Dispatcher[]): void {
  const { tables, findings } = deps
  const events = [...tables.all(EVENTS)].sort((a, b) => a.position - b.position)
  for (const { uuid, reason } of tables.all(DEAD_LETTERS)) findings.report('P1', `${uuid} is parked: ${reason}`)
  judgeAccepted(deps, events)
  judgeOrderOfAcceptance(deps, events)
  judgeNumbers(deps, events)
  judgeNotifications(deps)
  judgeRemovals(deps, events)
  for (const dispatcher of dispatchers)
    for (const { targetId, laneSeries, partition } of tables.all(NOTIFICATIONS))
      if (dispatcher.isBusy({ targetId, laneSeries, partition }))
        findings.report('stuck', `${dispatcher.name} holds lane ${targetId} ${laneSeries} for busy`)
}

/** P1: what was acknowledged is there, and has a notification for each subscription that nobody has changed. */
function judgeAccepted({ tables, plan, ledger, findings }: FinalJudgeDeps, events: readonly EventRow[]): void {
  const stored = new Map(events.map((event) => [event.uuid, event]))
  if (stored.size !== events.length) findings.report('P1', `${events.length} rows of ${stored.size} records`)
  const notified = new Set<string>()
  for (const row of tables.all(NOTIFICATIONS)) notified.add(`${row.targetId} ${row.position}`)
  for (const { planned, ackedAt, isRefused } of ledger.records.values()) {
    const event = stored.get(planned.uuid)
    if (event && isRefused)
      findings.report('P4', `${planned.uuid} is stored, and its publisher was told that it is not`)
    if (ackedAt !== undefined && !event) findings.report('P1', `${planned.uuid} was acknowledged and is not stored`)
    if (!event || event.kind !== 'event') continue
    for (const target of stableTargets(tables, plan, event.tenant))
      if (!notified.has(`${target} ${event.position}`))
        findings.report('P1', `${event.uuid} has no notification for target ${target}`)
  }
}

function stableTargets(tables: Tables, plan: Plan, tenant: string): number[] {
  const names = plan.subscriptions.filter((one) => one.isStable && one.tenant === tenant).map(({ name }) => name)
  return [...tables.all(SUBSCRIPTIONS)]
    .filter((row) => row.tenant === tenant && names.includes(row.name))
    .flatMap(({ id }) => [...tables.group(TARGETS, String(id))])
    .map(({ id }) => id)
}

/** P4: of two records, one asked for after the other's 200 stands behind it. */
function judgeOrderOfAcceptance({ ledger, findings }: FinalJudgeDeps, events: readonly EventRow[]): void {
  for (const series of bySeries(events)) {
    let earliestAck = { uuid: '', at: Infinity }
    for (const { uuid } of series.toReversed()) {
      const record = ledger.records.get(uuid)
      if (!record) continue
      if (earliestAck.at < record.askedAt)
        findings.report('P4', `${earliestAck.uuid} stands behind ${uuid}, which was asked for after its 200`)
      if (record.ackedAt !== undefined && record.ackedAt < earliestAck.at) earliestAck = { uuid, at: record.ackedAt }
    }
  }
}

function bySeries(events: readonly EventRow[]): EventRow[][] {
  const series = new Map<string, EventRow[]>()
  for (const event of events) {
    if (event.seriesKey === null) continue
    const known = series.get(event.seriesKey)
    if (known) known.push(event)
    else series.set(event.seriesKey, [event])
  }
  return [...series.values()]
}

/** P4: 1, 2, 3 ... in the order of positions, and 1 again after an end. */
function judgeNumbers({ tables, findings }: FinalJudgeDeps, events: readonly EventRow[]): void {
  const numbers = new Map<number, Set<number>>()
  for (const { position, number } of tables.all(NOTIFICATIONS))
    numbers.set(position, (numbers.get(position) ?? new Set<number>()).add(number))
  const check = ({ uuid, position }: EventRow, expected: number) => {
    for (const number of numbers.get(position) ?? [])
      if (number !== expected) findings.report('P4', `${uuid} has number ${number} instead of ${expected}`)
  }
  for (const series of bySeries(events)) {
    let last = 0
    for (const event of series) {
      if (event.kind === 'event') check(event, (last += 1))
      if (event.endsSeries || event.deletesSubscriptions) last = 0
    }
  }
  for (const event of events) if (event.seriesKey === null) check(event, -1)
}

/** P7: no subscription that was there from the beginning outlives an event that removes it. */
function judgeRemovals({ tables, plan, findings }: FinalJudgeDeps, events: readonly EventRow[]): void {
  for (const { uuid, tenant, subject } of events.filter((event) => event.deletesSubscriptions))
    for (const row of tables.all(SUBSCRIPTIONS)) {
      if (row.id > plan.subscriptions.length || row.ended !== null) continue
      if (row.tenant === tenant && row.subjectFilter === subject)
        findings.report('P7', `subscription ${row.id} has outlived ${uuid}`)
    }
}

/** Every notification has an end, and a reason for it. */
function judgeNotifications({ tables, arrivals, addresses, findings }: FinalJudgeDeps): void {
  for (const row of tables.all(NOTIFICATIONS)) {
    const fault = faultOf(row, { tables, arrivals, addresses })
    if (fault !== undefined) findings.report('P1', `${row.uuid} is ${row.state}, ${fault}`)
  }
}

function faultOf(
  row: NotificationRow,
  { tables, arrivals, addresses }: Pick<FinalJudgeDeps, 'tables' | 'arrivals' | 'addresses'>,
): string | undefined {
  switch (row.state) {
    case 'waiting':
      return 'and nothing is left to do'
    case 'delivered':
      return arrivals.wasAccepted(row.uuid) ? undefined : 'but no receiver has accepted it'
    case 'given_up':
      return arrivals.wasGone(row.uuid) || row.attempts >= MIN_ATTEMPTS || hasFailedLong(row, tables, addresses)
        ? undefined
        : `after ${row.attempts} attempts and no 410`
    case 'cancelled': {
      const target = tables.get(TARGETS, String(row.targetId))
      const subscription = target && tables.get(SUBSCRIPTIONS, String(target.subscriptionId))
      return subscription?.endReason === 'deleted' ? undefined : `but its subscription is ${subscription?.endReason}`
    }
    default:
      return row.state satisfies never
  }
}

/** Past its horizon, and behind a breaker of an address that has not worked for a while. */
function hasFailedLong(
  { targetId, created, settled }: NotificationRow,
  tables: Tables,
  addresses: AddressHistory,
): boolean {
  const address = tables.get(TARGETS, String(targetId))?.address ?? ''
  if (settled === null || settled - created < RETRY.horizonMs) return false
  return !addresses.hasWorked(address, settled - PROBED_MS, settled)
}
