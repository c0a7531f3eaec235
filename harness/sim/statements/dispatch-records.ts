import { lockRow, lockVersion, locking, nextStatement, zip, type Model, type Part } from '../database/model.ts'
import {
  CURSORS,
  DEAD_LETTERS,
  DISPATCHED,
  EVENTS,
  FAN_OUTS,
  NOTIFICATIONS,
  REMOVALS,
  REMOVAL_MEMBERS,
  SERIES,
  placeKey,
  type EventRow,
} from '../database/schema.ts'
import { CODES, serverError } from '../database/server-error.ts'
import type { Transaction } from '../database/tables.ts'
import { lockOwned } from './fence.ts'
import { insertMatches } from './insert-matches.ts'
import { matchesOf, membersOf } from './match-events.ts'

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
  largePartitions: number[],
  largePositions: number[],
  largeNumbers: number[],
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
  maxOfEvent: number,
  maxInAll: number,
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
  const inserted = yield* matchEvents(tx, values)
  yield* nextStatement()
  yield* beginFanOuts(tx, values)
  yield* nextStatement()
  yield* noteRemovals(tx, zip(values[16], values[17]))
  return inserted
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
  const [keys, , before, after] = values.slice(12, 16) as [string[], number[], (number | null)[], (number | null)[]]
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
  const [partitions, positions, uuids, reasons] = values.slice(18, 22) as [number[], number[], string[], string[]]
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

/** One snapshot decides what matches. More than may be inserted at once is refused before anything is. */
function* matchEvents(tx: Transaction, values: DispatchValues): Part<readonly object[]> {
  const [partitions, positions, numbers] = values.slice(6, 9) as [number[], number[], number[]]
  const [maxOfEvent, maxInAll] = values.slice(22) as [number, number]
  const matches = zip(zip(partitions, positions), numbers)
    .flatMap(([[partition, position], number]) => {
      const event = tx.get(EVENTS, placeKey(partition, position))
      return event ? matchesOf(tx, event, number) : []
    })
    .slice(0, maxInAll + 1)
  const counts = new Map<number, number>()
  for (const { event } of matches) counts.set(event.position, (counts.get(event.position) ?? 0) + 1)
  const large = [...counts].filter(([, count]) => count > maxOfEvent).map(([position]) => position)
  if (large.length > 0) throw serverError('TD004', `too many matches at ${large.join(', ')}`)
  if (matches.length > maxInAll) throw serverError('TD004', 'too many matches in all')
  return yield* insertMatches(tx, matches, { areCold: false })
}

/** The function `begin_fan_outs`: in its second statement one snapshot decides where the events go. */
function* beginFanOuts(tx: Transaction, values: DispatchValues): Part {
  const [partitions, positions, numbers] = values.slice(9, 12) as [number[], number[], number[]]
  const places = zip(partitions, positions)
  yield* noteDispatched(tx, places, numbers)
  yield* nextStatement()
  const begun = zip(places, numbers).flatMap(([[partition, position], number]) => {
    const event = tx.get(EVENTS, placeKey(partition, position))
    if (!event) return []
    const targetIds = matchesOf(tx, event, number)
      .map(({ target }) => target.id)
      .sort((a, b) => a - b)
    if (targetIds.length === 0) return []
    return [{ partition, position, laneSeries: event.seriesKey ?? event.uuid, number, targetIds, done: 0 }]
  })
  for (const row of begun) {
    yield* lockRow(FAN_OUTS, FAN_OUTS.keyOf(row))
    tx.put(FAN_OUTS, row)
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
    const inserted = all.filter((one) => one.partition === partition && one.position === position).length
    const unsettled = inserted + (tx.get(FAN_OUTS, placeKey(partition, position))?.targetIds.length ?? 0)
    tx.put(REMOVALS, { position, partition, unsettled })
  }
  yield* nextStatement()
  for (const member of events.flatMap((event) => membersOf(tx, event))) {
    yield* lockRow(REMOVAL_MEMBERS, REMOVAL_MEMBERS.keyOf(member))
    tx.put(REMOVAL_MEMBERS, member)
  }
}
