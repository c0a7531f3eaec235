import { lockRow, lockVersion, locking, nextStatement, reading, zip, type Model, type Part } from '../database/model.ts'
import {
  CURSORS,
  LANES,
  NOTIFICATIONS,
  SUBSCRIPTIONS,
  TARGETS,
  laneKey,
  type NotificationRow,
} from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'
import { countDown } from './count-down.ts'
import { lockOwned } from './fence.ts'
import { settleThese } from './settle-notifications.ts'

type FreezeValues = [
  ownerId: string,
  partitions: number[],
  epochs: number[],
  watermarkPartitions: number[],
  watermarks: number[],
  targetIds: number[],
  laneSeries: string[],
  lanePartitions: number[],
  methods: string[],
  addressKeys: string[],
  firstPositions: number[],
  attempts: number[],
  delays: number[],
  wakeDelays: (number | null)[],
]

type LaneColumns = [number[], string[], number[], string[], string[]]

type LanesValues = [ownerId: string, partitions: number[], epochs: number[], targetIds: number[], laneSeries: string[]]

/** The statements of server/lanes/cold-lane-store.ts that write. Only they and a dispatch write `lane`. */
export const coldLaneWrites: readonly Model[] = [
  locking<FreezeValues>('freeze_lanes', 'freeze_lanes(', function* (tx, ...values) {
    const [ownerId, partitions, epochs, watermarkPartitions, watermarks] = values
    yield* lockOwned(tx, ownerId, partitions, epochs)
    yield* nextStatement()
    yield* raiseWatermarks(tx, zip(watermarkPartitions, watermarks))
    yield* nextStatement()
    yield* writeLanes(tx, values)
    return [{}]
  }),
  locking<LanesValues>('thaw_lanes', 'thaw_lanes(', function* (tx, ownerId, partitions, epochs, targetIds, laneSeries) {
    yield* lockOwned(tx, ownerId, partitions, epochs)
    yield* nextStatement()
    return yield* deleteEmpty(tx, zip(targetIds, laneSeries))
  }),
  locking<[...LanesValues, state: NotificationRow['state'], minAgeMs: number | null, maxRows: number]>(
    'end_waiting',
    'end_waiting(',
    function* (tx, ownerId, partitions, epochs, targetIds, laneSeries, state, minAgeMs, maxRows) {
      yield* lockOwned(tx, ownerId, partitions, epochs)
      yield* nextStatement()
      const isOld = ({ created }: NotificationRow) => minAgeMs === null || created <= tx.startedAt - minAgeMs
      const chosen = zip(targetIds, laneSeries)
        .flatMap(([targetId, series]) => {
          const waiting = waitingIn(tx, targetId, series, maxRows)
          return waiting[0] && isOld(waiting[0]) ? waiting.filter(isOld) : []
        })
        .slice(0, maxRows)
      const ends = chosen.map((row) => ({ key: NOTIFICATIONS.keyOf(row), state, attempts: attemptsOf(tx, row) }))
      const settled = yield* settleThese(tx, ends)
      yield* nextStatement()
      yield* countDown(tx, settled)
      const lanes = new Map(chosen.map(({ position, targetId, laneSeries: of }) => [position, { targetId, of }]))
      return settled.map((position) => ({
        targetId: lanes.get(position)?.targetId,
        laneSeries: lanes.get(position)?.of,
      }))
    },
  ),
  reading<[withinMs: number | null, partitions: number[], limit: number]>(
    'findCancelledLanes',
    'where ended >= coalesce(',
    (tx, withinMs, partitions, limit) => {
      const isRecent = (ended: number) => withinMs === null || ended >= tx.startedAt - withinMs
      const targets = new Set(
        tx
          .all(SUBSCRIPTIONS)
          .filter(({ ended, endReason }) => ended !== null && endReason === 'deleted' && isRecent(ended))
          .sort((a, b) => (a.ended ?? 0) - (b.ended ?? 0))
          .flatMap(({ id }) => tx.scan(TARGETS, String(id)).map((target) => target.id)),
      )
      return partitions
        .flatMap((partition) => tx.scan(LANES, String(partition)))
        .filter(({ targetId }) => targets.has(targetId))
        .map(({ targetId, laneSeries, partition }) => ({ targetId, laneSeries, partition }))
        .slice(0, limit)
    },
  ),
]

function* raiseWatermarks(tx: Transaction, moves: readonly (readonly [number, number])[]): Part {
  const lower = moves.flatMap(([partition, watermark]) => {
    const row = tx.get(CURSORS, String(partition))
    return row && row.settledBelow < watermark ? [{ row, watermark }] : []
  })
  for (const { row, watermark } of lower)
    if (yield* lockVersion(tx, CURSORS, row)) tx.put(CURSORS, { ...row, settledBelow: watermark })
}

function* writeLanes(tx: Transaction, values: FreezeValues): Part {
  const [targetIds, laneSeries, lanePartitions, methods, addressKeys] = values.slice(5, 10) as LaneColumns
  const [, , , , , , , , , , firstPositions, attempts, delays, wakeDelays] = values
  for (const [at, [targetId, series]] of zip(targetIds, laneSeries).entries()) {
    const key = laneKey(targetId, series)
    yield* lockRow(LANES, key)
    const known = tx.get(LANES, key)
    const head = firstPositions[at] ?? 0
    const wakeDelay = wakeDelays[at] ?? null
    tx.put(LANES, {
      targetId,
      laneSeries: series,
      partition: known?.partition ?? lanePartitions[at] ?? -1,
      method: known?.method ?? methods[at] ?? '',
      addressKey: known?.addressKey ?? addressKeys[at] ?? '',
      head: Math.max(known?.head ?? head, head),
      waiting: known?.waiting ?? 1,
      format: 2,
      attempts: attempts[at] ?? 0,
      due: tx.clock + (delays[at] ?? 0),
      wakesAfter: wakeDelay === null ? null : tx.clock + wakeDelay,
    })
  }
}

/** The lane counts those of its head. */
function attemptsOf(tx: Transaction, { targetId, laneSeries, position, attempts }: NotificationRow): number {
  const lane = tx.get(LANES, laneKey(targetId, laneSeries))
  return lane?.head === position ? lane.attempts : attempts
}

/** Returns the lanes without a row: those that had none, and those whose row goes here. Raises the bounds of others. */
function* deleteEmpty(tx: Transaction, lanes: readonly (readonly [number, string])[]): Part<readonly object[]> {
  const found = lanes.map(([targetId, laneSeries]) => ({
    targetId,
    laneSeries,
    row: tx.get(LANES, laneKey(targetId, laneSeries)),
    first: waitingIn(tx, targetId, laneSeries, 1)[0]?.position,
  }))
  for (const { row, first } of found) {
    if (!row || (first !== undefined && first <= row.head)) continue
    if (!(yield* lockVersion(tx, LANES, row))) continue
    if (first === undefined) tx.remove(LANES, LANES.keyOf(row))
    else tx.put(LANES, { ...row, head: first, attempts: 0, format: 2 })
  }
  return found.filter(({ first }) => first === undefined).map(({ targetId, laneSeries }) => ({ targetId, laneSeries }))
}

/** In the order of their positions. */
export const unsettledOf = (tx: Transaction, targetId: number, laneSeries: string): NotificationRow[] =>
  tx
    .scan(NOTIFICATIONS, laneKey(targetId, laneSeries))
    .filter(({ settled }) => settled === null)
    .sort((a, b) => a.position - b.position)

/** The unsettled ones of a lane that has a row, from its bound on. */
export function waitingIn(tx: Transaction, targetId: number, laneSeries: string, limit: number): NotificationRow[] {
  const lane = tx.get(LANES, laneKey(targetId, laneSeries))
  if (!lane) return []
  return unsettledOf(tx, targetId, laneSeries)
    .filter(({ position }) => position >= lane.head)
    .slice(0, limit)
}
