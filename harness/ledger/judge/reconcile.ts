import { findDuplicates, type Disturbed, type Duplicate } from './duplicates.ts'
import { findOrderFaults } from './order.ts'
import type { SeriesBook } from '../publish/publishers.ts'
import { sequenceOf, type Copy } from './sequence.ts'
import type { Arrival, Target } from './targets.ts'

/** Everything that is known when all is quiet. */
export interface Books {
  readonly series: readonly SeriesBook[]
  readonly targets: readonly Pick<Target, 'name' | 'seriesId'>[]
  /** In the order in which they came. */
  readonly arrivals: readonly Arrival[]
  readonly disturbances: readonly Disturbed[]
  /** With keys an event exists exactly once. */
  readonly hasKeys: boolean
}

/**
 * | kind                  | meaning                                                                        |
 * |-----------------------|--------------------------------------------------------------------------------|
 * | lost                  | an event that exists was never answered 2xx at a target that it matches         |
 * | hole                  | a number that does not follow the one before, or differs between targets        |
 * | violation             | order: n+1 before n was answered 2xx, or n again after n+1 (see order.ts)       |
 * | different_body        | two bodies for one notification uuid, or two notifications for one event        |
 * | unexplained_duplicate | answered 2xx, came again, and no disturbance is near                            |
 * | excess_copy           | an event exists more often than its publisher's requests allow                  |
 * | stranger              | an arrival that nobody published                                                |
 */
export interface Fault {
  readonly kind: 'lost' | 'hole' | 'violation' | 'different_body' | 'unexplained_duplicate' | 'excess_copy' | 'stranger'
  readonly detail: string
}

export interface Verdict {
  readonly faults: readonly Fault[]
  readonly duplicates: readonly Duplicate[]
  /** Events that exist beyond one for each step, all of them allowed. */
  readonly extraCopies: number
}

/** Compares what was published with what arrived. Pure. */
export function reconcile({ series, targets, arrivals, disturbances, hasKeys }: Books): Verdict {
  const bySeries = groupBy(arrivals, (arrival) => arrival.seriesId)
  // Series by series, so that what is remembered stays small however many arrivals there are.
  const groups = [...bySeries.values()]
  const duplicates = groups.flatMap((group) => findDuplicates(group, disturbances))
  const faults = [...groups.map(bodyFaults), strangers(series, targets, arrivals), unexplained(duplicates)]
  let extraCopies = 0
  for (const book of series) {
    const ofSeries = bySeries.get(book.seriesId) ?? []
    const sequence = sequenceOf(book, ofSeries)
    const matching = targets.filter(({ seriesId }) => seriesId === undefined || seriesId === book.seriesId)
    faults.push(copyFaults(book, sequence, hasKeys), numberFaults(book, sequence, ofSeries))
    for (const target of matching) faults.push(targetFaults({ book, sequence, target, arrivals: ofSeries.filter((arrival) => arrival.target === target.name), disturbances }))
    extraCopies += sequence.length - new Set(sequence.map((copy) => copy.step)).size
  }
  return { faults: faults.flat(), duplicates, extraCopies }
}

function copyFaults({ seriesId, records }: SeriesBook, sequence: readonly Copy[], hasKeys: boolean): Fault[] {
  return [...groupBy(sequence, (copy) => copy.step)].flatMap(([step, copies]) => {
    const allowed = hasKeys ? 1 : 1 + (records[step]?.unknowns ?? 0)
    return copies.length <= allowed ? [] : [{ kind: 'excess_copy' as const, detail: `${seriesId} step ${step}: ${copies.length} events, ${allowed} allowed` }]
  })
}

function numberFaults({ seriesId }: SeriesBook, sequence: readonly Copy[], arrivals: readonly Arrival[]): Fault[] {
  const numbers = new Map(sequence.map((copy) => [copy.uuid, copy.number]))
  const holes = sequence.filter(({ number, expectedNumber }) => number !== undefined && number !== expectedNumber)
    .map(({ step, number, expectedNumber }) => `${seriesId} step ${step}: number ${number ?? 0}, should be ${expectedNumber}`)
  const differing = arrivals.filter(({ eventUuid, number }) => numbers.has(eventUuid) && numbers.get(eventUuid) !== number)
    .map(({ step, number, target }) => `${seriesId} step ${step}: number ${number} at ${target}, another elsewhere`)
  return [...holes, ...differing].map((detail) => ({ kind: 'hole', detail }))
}

/** One series at one target. */
interface Line {
  readonly book: SeriesBook
  readonly sequence: readonly Copy[]
  readonly target: Books['targets'][number]
  readonly arrivals: readonly Arrival[]
  readonly disturbances: readonly Disturbed[]
}

/** A target of one series must get all up to the event that removes it, if that was published, and then a stretch without gaps. */
function targetFaults({ book: { seriesId, steps }, sequence, target, arrivals, disturbances }: Line): Fault[] {
  const answered = new Set(arrivals.filter(({ answer }) => answer === 'ok').map(({ eventUuid }) => eventUuid))
  const removedBy = sequence.findIndex(({ step }) => { const found = steps[step]; return found?.kind === 'event' && found.ends === 'delete_flag' })
  const lastAnswered = sequence.findLastIndex(({ uuid }) => answered.has(uuid))
  const end = target.seriesId === undefined || removedBy === -1 ? sequence.length : Math.max(removedBy, lastAnswered) + 1
  const lost = sequence.slice(0, end).filter(({ uuid }) => !answered.has(uuid))
  return [
    ...lost.map(({ step, uuid }): Fault => ({ kind: 'lost', detail: `${seriesId} step ${step} (${uuid}) at ${target.name}` })),
    ...findOrderFaults(sequence, arrivals, disturbances).map(({ arrival, what }): Fault => ({ kind: 'violation', detail: `${seriesId} step ${arrival.step} at ${target.name} ${what}, at ${Math.round(arrival.atMs)} ms` })),
  ]
}

function bodyFaults(arrivals: readonly Arrival[]): Fault[] {
  const bodies = new Map<string, string>()
  const notifications = new Map<string, string>()
  const differsFromFirst = (map: Map<string, string>, key: string, value: string) => {
    if (!map.has(key)) map.set(key, value)
    return map.get(key) !== value
  }
  return arrivals.flatMap(({ target, seriesId, step, eventUuid, notificationUuid, bodyHash }): Fault[] => {
    const where = `${seriesId} step ${step} at ${target}`
    return [
      ...(differsFromFirst(bodies, notificationUuid, bodyHash) ? [{ kind: 'different_body' as const, detail: `${where}: ${notificationUuid} with another body` }] : []),
      ...(differsFromFirst(notifications, `${target} ${eventUuid}`, notificationUuid) ? [{ kind: 'different_body' as const, detail: `${where}: a second notification ${notificationUuid}` }] : []),
    ]
  })
}

function strangers(series: readonly SeriesBook[], targets: Books['targets'], arrivals: readonly Arrival[]): Fault[] {
  const steps = new Map(series.map((book) => [book.seriesId, book.steps]))
  const mayGet = new Set(targets.flatMap(({ name, seriesId }) => series.filter((book) => seriesId === undefined || seriesId === book.seriesId).map((book) => `${name} ${book.seriesId}`)))
  return arrivals.filter(({ target, seriesId, step }) => !mayGet.has(`${target} ${seriesId}`) || steps.get(seriesId)?.[step]?.kind !== 'event')
    .map(({ target, seriesId, step, eventUuid }) => ({ kind: 'stranger', detail: `${eventUuid} (${seriesId} step ${step}) at ${target}` }))
}

const unexplained = (duplicates: readonly Duplicate[]): Fault[] => duplicates.filter(({ explainedBy }) => !explainedBy)
  .map(({ target, notificationUuid, answeredMs, againMs }) => ({ kind: 'unexplained_duplicate', detail: `${notificationUuid} at ${target}, answered at ${Math.round(answeredMs)} ms, again at ${Math.round(againMs)} ms` }))

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
