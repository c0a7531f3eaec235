import { lockRow, lockVersion, locking, nextStatement, zip, type Model, type Part } from '../database/model.ts'
import {
  CURSORS,
  DEAD_LETTERS,
  DISPATCHED,
  EVENTS,
  LANES,
  NOTIFICATIONS,
  REMOVALS,
  REMOVAL_MEMBERS,
  SERIES,
  laneKey,
  notificationKey,
  placeKey,
  type EventRow,
} from '../database/schema.ts'
import { CODES, serverError } from '../database/server-error.ts'
import type { Transaction } from '../database/tables.ts'
import { lockOwned } from './fence.ts'
import { matchesOf, membersOf, type Match } from './match-events.ts'

type DispatchValues = [
  ownerId: string,
  partitions: number[],
  epochs: number[],
  cursors: number[],
  nextCursors: number[],
  watermarks: number[],
  eventPartitions: number[],
  eventPositions: number[],
  eventNumbers: number[],
  seriesKeys: string[],
  seriesPartitions: number[],
  numbersBefore: (number | null)[],
  numbersAfter: (number | null)[],
  removalPartitions: number[],
  removalPositions: number[],
  poisonPartitions: number[],
  poisonPositions: number[],
  poisonUuids: string[],
  poisonReasons: string[],
  maxHot: number,
]

/** The statement of server/dispatch/dispatch-store.ts. */
export const dispatchStatements: readonly Model[] = [
  locking<[format: string, ...DispatchValues]>('dispatch_records', 'from dispatch_records(', (tx, _format, ...values) =>
    dispatchRecords(tx, ...values),
  ),
]

/** The function `dispatch_records`: each of its statements has a newer snapshot than the one before. */
function* dispatchRecords(tx: Transaction, ...values: DispatchValues): Part<readonly object[]> {
  const [ownerId, partitions, epochs, cursors, nextCursors, watermarks] = values
  const [eventPartitions, eventPositions, eventNumbers] = values.slice(6, 9) as [number[], number[], number[]]
  yield* lockOwned(tx, ownerId, partitions, epochs)
  yield* nextStatement()
  yield* moveCursors(tx, partitions, { cursors, nextCursors, watermarks })
  yield* nextStatement()
  yield* changeCounters(tx, values)
  yield* nextStatement()
  yield* park(tx, values)
  yield* noteDispatched(tx, zip(eventPartitions, eventPositions), eventNumbers)
  yield* nextStatement()
  const inserted = yield* insertMatches(tx, zip(eventPartitions, eventPositions), eventNumbers)
  const isTooMany = inserted.length > values[19]
  if (isTooMany) yield* freezeAll(tx, inserted)
  yield* nextStatement()
  yield* noteRemovals(tx, zip(values[13], values[14]))
  return inserted.map(({ match: { event, target }, uuid, created, isCold }) => ({
    partition: event.partition,
    position: event.position,
    targetId: target.id,
    uuid,
    created,
    isCold: isCold || isTooMany,
  }))
}

interface Moves {
  readonly cursors: readonly number[]
  readonly nextCursors: readonly number[]
  readonly watermarks: readonly number[]
}

function* moveCursors(tx: Transaction, partitions: readonly number[], moves: Moves): Part {
  let moved = 0
  const found = partitions.flatMap((partition, at) => {
    const row = tx.get(CURSORS, String(partition))
    return row && row.position === moves.cursors[at] ? [{ row, at }] : []
  })
  for (const { row, at } of found) {
    if (!(yield* lockVersion(tx, CURSORS, row))) continue
    const settledBelow = Math.max(row.settledBelow, moves.watermarks[at] ?? 0)
    tx.put(CURSORS, { ...row, position: moves.nextCursors[at] ?? row.position, settledBelow })
    moved += 1
  }
  if (moved !== partitions.length) throw serverError('TD002', 'a cursor is not where this process left it')
}

/** One statement: its snapshot shows which counters are there; a new one waits for whoever inserts the same. */
function* changeCounters(tx: Transaction, values: DispatchValues): Part {
  const [keys, , before, after] = values.slice(9, 13) as [string[], number[], (number | null)[], (number | null)[]]
  let changed = 0
  const found = keys.map((key) => tx.get(SERIES, key))
  for (const [at, key] of keys.entries()) {
    const [row, was, becomes] = [found[at], before[at] ?? null, after[at] ?? null]
    if (was === null && becomes === null) changed += row ? 0 : 1
    else if (was === null && becomes !== null) {
      yield* lockRow(SERIES, key)
      if (tx.get(SERIES, key)) continue
      tx.put(SERIES, { key, number: becomes })
      changed += 1
    } else if (row?.number === was) {
      if (!(yield* lockVersion(tx, SERIES, row))) continue
      if (becomes === null) tx.remove(SERIES, key)
      else tx.put(SERIES, { key, number: becomes })
      changed += 1
    }
  }
  if (changed !== keys.length) throw serverError('TD003', 'a counter is not what was read')
}

function* park(tx: Transaction, values: DispatchValues): Part {
  const [partitions, positions, uuids, reasons] = values.slice(15, 19) as [number[], number[], string[], string[]]
  for (const [at, [partition, position]] of zip(partitions, positions).entries()) {
    yield* lockRow(DEAD_LETTERS, placeKey(partition, position))
    if (tx.get(DEAD_LETTERS, placeKey(partition, position))) throw serverError(CODES.uniqueViolation, 'parked twice')
    tx.put(DEAD_LETTERS, { partition, position, uuid: uuids[at] ?? '', reason: reasons[at] ?? '' })
  }
}

function* noteDispatched(tx: Transaction, places: readonly [number, number][], numbers: readonly number[]): Part {
  for (const [[partition, position], number] of zip(places, numbers)) {
    yield* lockRow(DISPATCHED, placeKey(partition, position))
    if (tx.get(DISPATCHED, placeKey(partition, position)))
      throw serverError(CODES.uniqueViolation, `${position} was dispatched before`)
    tx.put(DISPATCHED, { partition, position, number })
  }
}

/** Random in PostgreSQL. Here it tells whose it is, so a sender, which has nothing else, can be judged. */
const notificationUuid = (serial: number, key: string) => `n${serial} ${key}`

interface Inserted {
  readonly match: Match
  readonly uuid: string
  readonly created: string
  readonly isCold: boolean
}

/** One snapshot decides what matches, and which lanes have a row. */
function* insertMatches(
  tx: Transaction,
  places: readonly [number, number][],
  numbers: readonly number[],
): Part<Inserted[]> {
  const matches = zip(places, numbers).flatMap(([[partition, position], number]) => {
    const event = tx.get(EVENTS, placeKey(partition, position))
    return event ? matchesOf(tx, event, number) : []
  })
  const cold = matches.map(({ target, laneSeries }) => tx.get(LANES, laneKey(target.id, laneSeries)) !== undefined)
  const inserted: Inserted[] = []
  for (const [at, match] of matches.entries()) {
    const { event, number, laneSeries, target } = match
    const key = notificationKey(target.id, laneSeries, event.position)
    yield* lockRow(NOTIFICATIONS, key)
    if (tx.get(NOTIFICATIONS, key)) throw serverError(CODES.uniqueViolation, `notification ${key} is there`)
    const uuid = notificationUuid(tx.nextValue('notification'), key)
    tx.put(NOTIFICATIONS, {
      targetId: target.id,
      laneSeries,
      position: event.position,
      partition: event.partition,
      uuid,
      number,
      created: tx.startedAt,
      state: 'waiting',
      attempts: 0,
      settled: null,
    })
    inserted.push({ match, uuid, created: new Date(tx.startedAt).toISOString(), isCold: cold[at] ?? false })
  }
  return inserted
}

/** More than memory is to hold: each of their lanes gets a row, unless it has one. */
function* freezeAll(tx: Transaction, inserted: readonly Inserted[]): Part {
  const inKeyOrder = inserted
    .map(({ match }) => match)
    .toSorted((a, b) => a.target.id - b.target.id || (a.laneSeries < b.laneSeries ? -1 : 1))
  for (const { event, target, laneSeries } of inKeyOrder) {
    const key = laneKey(target.id, laneSeries)
    yield* lockRow(LANES, key)
    if (tx.get(LANES, key)) continue
    tx.put(LANES, {
      targetId: target.id,
      laneSeries,
      partition: event.partition,
      method: target.method,
      addressKey: target.addressKey,
      head: (tx.get(CURSORS, String(event.partition))?.settledBelow ?? 0) + 1,
      waiting: 1,
      format: 2,
      attempts: 0,
      due: tx.startedAt,
    })
  }
}

/** The counts are of what this function has inserted; who is removed, of the snapshot of the last statement. */
function* noteRemovals(tx: Transaction, places: readonly [number, number][]): Part {
  const isRemoving = (event: EventRow | undefined): event is EventRow => event !== undefined && event.subject !== null
  const events = places
    .map(([partition, position]) => tx.get(EVENTS, placeKey(partition, position)))
    .filter((event) => isRemoving(event))
  if (events.length === 0) return
  const all = tx.all(NOTIFICATIONS)
  for (const { position, partition } of events) {
    yield* lockRow(REMOVALS, String(position))
    const unsettled = all.filter((one) => one.partition === partition && one.position === position).length
    tx.put(REMOVALS, { position, partition, unsettled })
  }
  yield* nextStatement()
  for (const member of events.flatMap((event) => membersOf(tx, event))) {
    yield* lockRow(REMOVAL_MEMBERS, REMOVAL_MEMBERS.keyOf(member))
    tx.put(REMOVAL_MEMBERS, member)
  }
}
