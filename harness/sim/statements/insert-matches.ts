import { lockRow, type Part } from '../database/model.ts'
import { CURSORS, LANES, NOTIFICATIONS, laneKey, notificationKey } from '../database/schema.ts'
import { CODES, serverError } from '../database/server-error.ts'
import type { Transaction } from '../database/tables.ts'
import type { Match } from './match-events.ts'

/** Random in PostgreSQL. Here it tells whose it is, so a sender, which has nothing else, can be judged. */
const notificationUuid = (serial: number, key: string) => `n${serial} ${key}`

/**
 * What a dispatch and a slice of fan-outs have in common: one statement inserts the notifications, and tells which
 * lanes had a row before. `areCold`: it gives rows to the others.
 */
export function* insertMatches(
  tx: Transaction,
  matches: readonly Pick<Match, 'event' | 'number' | 'laneSeries' | 'target'>[],
  { areCold }: { readonly areCold: boolean },
): Part<readonly object[]> {
  const cold = matches.map(({ target, laneSeries }) => tx.get(LANES, laneKey(target.id, laneSeries)) !== undefined)
  const marks = new Map(matches.map(({ event }) => [event.partition, settledBelow(tx, event.partition)]))
  const inserted: object[] = []
  for (const [at, { event, number, laneSeries, target }] of matches.entries()) {
    const { partition, position } = event
    const key = notificationKey(target.id, laneSeries, position)
    yield* lockRow(NOTIFICATIONS, key)
    if (tx.get(NOTIFICATIONS, key)) throw serverError(CODES.uniqueViolation, `notification ${key} is there`)
    const uuid = notificationUuid(tx.nextValue('notification'), key)
    const created = tx.startedAt
    tx.put(NOTIFICATIONS, {
      ...{ targetId: target.id, laneSeries, position, partition, uuid, number, created },
      state: 'waiting',
      attempts: 0,
      settled: null,
    })
    const isCold = areCold || (cold[at] ?? false)
    inserted.push({
      ...{ partition, position, targetId: target.id, uuid, isCold },
      created: new Date(created).toISOString(),
    })
  }
  if (areCold) yield* freezeAll(tx, matches, marks)
  return inserted
}

const settledBelow = (tx: Transaction, partition: number) => tx.get(CURSORS, String(partition))?.settledBelow ?? 0

/** Each of these lanes gets a row, unless it has one. */
function* freezeAll(
  tx: Transaction,
  matches: readonly Pick<Match, 'event' | 'laneSeries' | 'target'>[],
  marks: ReadonlyMap<number, number>,
): Part {
  const inKeyOrder = matches.toSorted(
    (a, b) =>
      a.target.id - b.target.id ||
      (a.laneSeries === b.laneSeries ? a.event.position - b.event.position : a.laneSeries < b.laneSeries ? -1 : 1),
  )
  for (const { event, target, laneSeries } of inKeyOrder) {
    const key = laneKey(target.id, laneSeries)
    yield* lockRow(LANES, key)
    if (tx.get(LANES, key)) continue
    tx.put(LANES, {
      ...{ targetId: target.id, laneSeries, partition: event.partition },
      ...{ method: target.method, addressKey: target.addressKey },
      head: Math.min((marks.get(event.partition) ?? 0) + 1, event.position),
      waiting: 1,
      format: 2,
      attempts: 0,
      due: tx.startedAt,
    })
  }
}
