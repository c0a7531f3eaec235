import { lockVersion, locking, nextStatement, reading, zip, type Model, type Part } from '../database/model.ts'
import { EVENTS, FAN_OUTS, NOTIFICATIONS, TARGETS, notificationKey, placeKey } from '../database/schema.ts'
import { serverError } from '../database/server-error.ts'
import type { Transaction } from '../database/tables.ts'
import { countDown } from './count-down.ts'
import { lockOwned } from './fence.ts'
import { insertMatches } from './insert-matches.ts'

type ExpandValues = [
  ownerId: string,
  partitions: number[],
  epochs: number[],
  slicePartitions: number[],
  slicePositions: number[],
  fromIndexes: number[],
  sizes: number[],
  areCold: boolean,
]

interface AskedSlice {
  readonly key: string
  readonly from: number
  readonly size: number
}

/** The statements of server/lanes/fan-out.ts and server/dispatch/fan-out-store.ts. */
export const fanOutStatements: readonly Model[] = [
  reading<[partitions: number[], afters: number[]]>(
    'readFanOuts',
    'fan_out.position > asked.after',
    (tx, partitions, afters) =>
      zip(partitions, afters).flatMap(([partition, after]) =>
        tx
          .scan(FAN_OUTS, String(partition))
          .filter(({ position }) => position > after)
          .sort((a, b) => a.position - b.position)
          .flatMap(({ position, laneSeries, number, targetIds, done }) => {
            const event = tx.get(EVENTS, placeKey(partition, position))
            if (!event) return []
            const { tenant, deletesSubscriptions } = event
            return [
              { partition, position, laneSeries, tenant, number, deletesSubscriptions, size: targetIds.length, done },
            ]
          }),
      ),
  ),
  locking<[format: string, ...ExpandValues]>('expand_fan_outs', 'from expand_fan_outs(', (tx, _format, ...values) =>
    expandFanOuts(tx, ...values),
  ),
]

/** The function `expand_fan_outs`. */
function* expandFanOuts(tx: Transaction, ...values: ExpandValues): Part<readonly object[]> {
  const [ownerId, partitions, epochs, slicePartitions, slicePositions, fromIndexes, sizes, areCold] = values
  const slices = zip(slicePartitions, slicePositions).map(([partition, position], at): AskedSlice => ({
    key: placeKey(partition, position),
    from: fromIndexes[at] ?? 0,
    size: sizes[at] ?? 0,
  }))
  yield* lockOwned(tx, ownerId, partitions, epochs)
  yield* nextStatement()
  yield* moveOn(tx, slices)
  yield* nextStatement()
  const inserted = yield* insertMatches(
    tx,
    slices.flatMap((slice) => matchesIn(tx, slice)),
    { areCold },
  )
  yield* nextStatement()
  yield* countDown(
    tx,
    slices.flatMap((slice) => missingIn(tx, slice)),
  )
  yield* nextStatement()
  for (const { key } of slices) {
    const row = tx.get(FAN_OUTS, key)
    if (row && row.done === row.targetIds.length) tx.remove(FAN_OUTS, key)
  }
  return inserted
}

function* moveOn(tx: Transaction, slices: readonly AskedSlice[]): Part {
  let moved = 0
  const found = slices.flatMap(({ key, from, size }) => {
    const row = tx.get(FAN_OUTS, key)
    return row?.done === from ? [{ row, size }] : []
  })
  for (const { row, size } of found) {
    if (!(yield* lockVersion(tx, FAN_OUTS, row))) continue
    tx.put(FAN_OUTS, { ...row, done: Math.min(row.targetIds.length, row.done + size) })
    moved += 1
  }
  if (moved !== slices.length) throw serverError('TD002', 'a fan-out is not where this process left it')
}

const idsIn = (tx: Transaction, { key, from }: AskedSlice) => {
  const row = tx.get(FAN_OUTS, key)
  return row ? row.targetIds.slice(from, row.done).map((id) => ({ id, row })) : []
}

const matchesIn = (tx: Transaction, slice: AskedSlice) =>
  idsIn(tx, slice).flatMap(({ id, row }) => {
    const event = tx.get(EVENTS, slice.key)
    const target = tx.get(TARGETS, String(id))
    return event && target ? [{ event, number: row.number, laneSeries: row.laneSeries, target }] : []
  })

const missingIn = (tx: Transaction, slice: AskedSlice) =>
  idsIn(tx, slice).flatMap(({ id, row }) =>
    tx.get(NOTIFICATIONS, notificationKey(id, row.laneSeries, row.position)) ? [] : [row.position],
  )
