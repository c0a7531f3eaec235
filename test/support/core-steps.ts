import { dispatchRecords, type DispatchRequest } from '@tidings/server/dispatch/dispatch-store.ts'
import { numberRecords } from '@tidings/server/dispatch/number.ts'
import { takeRecords, type TakenRecord } from '@tidings/server/dispatch/take.ts'
import { freezeLanes, type FrozenLane } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications, type WrittenSettlement } from '@tidings/server/lanes/final-settlement-store.ts'
import type { DispatchedNotification } from '@tidings/server/lanes/known-rows.ts'
import { readFanOuts, type FanOut } from '@tidings/server/lanes/fan-out.ts'
import { readTargets } from '@tidings/server/lanes/looks.ts'
import { required } from '@tidings/server/runtime/required.ts'
import type { StepwiseService } from './stepwise-service.ts'

/** A notification that was dispatched, with the lane that it is in. */
export interface LaneEntry extends DispatchedNotification {
  readonly laneSeries: string
}

/** The dispatch of these records, all of them events, with the watermark where it was. */
export function requestOf(taken: readonly TakenRecord[], change: Partial<DispatchRequest> = {}): DispatchRequest {
  const last = new Map(taken.map((record) => [record.partition, record]))
  const inSeries = new Map(taken.flatMap((record) => (record.seriesKey === null ? [] : [[record.seriesKey, record]])))
  const before = new Map(
    [...inSeries].flatMap(([key, { lastNumber }]) => (lastNumber === null ? [] : [[key, lastNumber]])),
  )
  const { numbers, counters } = numberRecords(taken, before)
  return {
    cursors: [...last.values()].map(({ partition, cursor, position }) => ({
      partition,
      was: cursor,
      next: position,
      watermark: 0,
    })),
    events: taken.map(({ partition, position }) => ({
      partition,
      position,
      number: required(numbers.get(position), 'its number'),
    })),
    counters: [...counters].map(([key, after]) => ({
      key,
      partition: required(inSeries.get(key), 'a record of the series').partition,
      before: before.get(key) ?? null,
      after,
    })),
    largeEvents: [],
    removals: taken.filter((record) => record.deletesSubscriptions),
    poison: [],
    ...change,
  }
}

/** Takes and dispatches all that waits. Returns the notifications by position and target. */
export async function dispatchTaken(
  { db, owned, partitions }: StepwiseService,
  change: Partial<DispatchRequest> = {},
): Promise<LaneEntry[]> {
  const taken = await takeRecords(db, partitions, 100)
  const records = new Map(taken.map((record) => [record.position, record]))
  const matched = await dispatchRecords(db, owned, requestOf(taken, change))
  return matched
    .map((one) => {
      const { seriesKey, uuid } = required(records.get(one.position), 'its record')
      return { ...one, laneSeries: seriesKey ?? uuid }
    })
    .sort((a, b) => a.position - b.position || a.targetId - b.targetId)
}

/** Takes all that waits, all of them events, and makes fan-outs of them. Returns these. */
export async function dispatchAsFanOuts({ db, owned, partitions }: StepwiseService): Promise<FanOut[]> {
  const taken = await takeRecords(db, partitions, 100)
  const { events, ...request } = requestOf(taken)
  await dispatchRecords(db, owned, { ...request, events: [], largeEvents: events })
  const begun = await readFanOuts(
    db,
    taken.map(({ partition, cursor }) => ({ partition, after: cursor })),
  )
  return begun.filter((one, at) => begun.findIndex(({ position }) => position === one.position) === at)
}

/** The settlement of what was delivered at once, unless something else is said. */
export const finalOf = (entry: LaneEntry, outcome: Partial<WrittenSettlement> = {}): WrittenSettlement => ({
  targetId: entry.targetId,
  laneSeries: entry.laneSeries,
  partition: entry.partition,
  position: entry.position,
  kind: 'delivered',
  attempts: 1,
  httpStatus: 200,
  reason: null,
  durationMs: 3,
  ...outcome,
})

/** The lane of a notification as it becomes cold with it at its head, due now, unless something else is said. */
export async function frozenLaneOf(
  { db }: StepwiseService,
  entry: LaneEntry,
  change: Partial<FrozenLane> = {},
): Promise<FrozenLane> {
  const [target] = await readTargets(db, [entry.targetId])
  return {
    targetId: entry.targetId,
    laneSeries: entry.laneSeries,
    partition: entry.partition,
    method: 'WEBHOOK',
    addressKey: required(target, 'its target').addressKey,
    firstPosition: entry.position,
    attempts: 0,
    delayMs: 0,
    ...change,
  }
}

/** The only one, or the first. */
export const firstOf = <T>(rows: readonly T[]): T => required(rows[0], 'at least one')

/** Publishes and dispatches so many events of one series. */
export async function entriesOf(steps: StepwiseService, count: number): Promise<LaneEntry[]> {
  await steps.publish(...Array.from({ length: count }, () => ({})))
  return dispatchTaken(steps)
}

/** Makes the lane of the first of these cold, with it at its head, due now. */
export async function freezeFirst(steps: StepwiseService, entries: readonly LaneEntry[]): Promise<LaneEntry> {
  const entry = firstOf(entries)
  await freezeLanes(steps.db, steps.owned, [await frozenLaneOf(steps, entry)], [], [])
  return entry
}

/** Settles these as delivered, without counting removals down. Returns how many were not settled before. */
export const settleAll = ({ db, owned }: StepwiseService, entries: readonly LaneEntry[]): Promise<number> =>
  settleNotifications(
    db,
    owned,
    entries.map((entry) => finalOf(entry)),
    [],
  )
