import { findDuplicates, type FaultWindow, type Duplicate } from './duplicates.ts'
import { findOrderAnomalies } from './order-anomalies.ts'
import type { SeriesHistory } from '../publish/publishers.ts'
import { sequenceOf, type EventCopy } from './expected-sequence.ts'
import type { Arrival, Target } from './ledger-targets.ts'
import { groupBy } from '@tidings/server/runtime/group-by.ts'

/** Everything that is known at the end of a run. */
export interface RunHistory {
  readonly series: readonly SeriesHistory[]
  readonly targets: readonly Pick<Target, 'name' | 'seriesId'>[]
  /** In order of arrival. */
  readonly arrivals: readonly Arrival[]
  readonly injected: readonly FaultWindow[]
  /** With keys an event exists exactly once. */
  readonly hasKeys: boolean
}

/**
 * | kind                  | meaning                                                                             |
 * |-----------------------|-------------------------------------------------------------------------------------|
 * | lost                  | an existing event was never answered 2xx at a target that it matches                |
 * | hole                  | a number that does not follow the one before it, or differs between targets         |
 * | violation             | order: n+1 before n was answered 2xx, or n again after n+1 (see order-anomalies.ts) |
 * | different_body        | two bodies for one notification uuid, or two notifications for one event            |
 * | unexplained_duplicate | answered 2xx, came again, and no injected fault is near                             |
 * | excess_copy           | an event exists more often than its publisher's requests allow                      |
 * | stranger              | an arrival of something that was not published                                      |
 */
export interface Anomaly {
  readonly kind: 'lost' | 'hole' | 'violation' | 'different_body' | 'unexplained_duplicate' | 'excess_copy' | 'stranger'
  readonly detail: string
}

export interface Verdict {
  readonly anomalies: readonly Anomaly[]
  readonly duplicates: readonly Duplicate[]
  /** Allowed copies of events: how many exist beyond one per step. */
  readonly extraCopies: number
}

/** Compares what was published with what arrived. Pure. */
export function reconcile({ series, targets, arrivals, injected, hasKeys }: RunHistory): Verdict {
  const bySeries = groupBy(arrivals, (arrival) => arrival.seriesId)
  // Series by series, to save memory however many arrivals there are.
  const groups = [...bySeries.values()]
  const duplicates = groups.flatMap((group) => findDuplicates(group, injected))
  const anomalies = [
    ...groups.map(bodyAnomalies),
    strangerAnomalies(series, targets, arrivals),
    unexplainedDuplicates(duplicates),
  ]
  let extraCopies = 0
  for (const book of series) {
    const ofSeries = bySeries.get(book.seriesId) ?? []
    const sequence = sequenceOf(book, ofSeries)
    const matching = targets.filter(({ seriesId }) => seriesId === undefined || seriesId === book.seriesId)
    anomalies.push(copyAnomalies(book, sequence, hasKeys), numberAnomalies(book, sequence, ofSeries))
    for (const target of matching)
      anomalies.push(
        targetAnomalies({
          series: book,
          sequence,
          target,
          arrivals: ofSeries.filter((arrival) => arrival.target === target.name),
          injected,
        }),
      )
    extraCopies += sequence.length - new Set(sequence.map((copy) => copy.step)).size
  }
  return { anomalies: anomalies.flat(), duplicates, extraCopies }
}

function copyAnomalies(
  { seriesId, records }: SeriesHistory,
  sequence: readonly EventCopy[],
  hasKeys: boolean,
): Anomaly[] {
  return [...groupBy(sequence, (copy) => copy.step)].flatMap(([step, copies]) => {
    const allowed = hasKeys ? 1 : 1 + (records[step]?.unknowns ?? 0)
    return copies.length <= allowed
      ? []
      : [
          {
            kind: 'excess_copy' as const,
            detail: `${seriesId} step ${step}: ${copies.length} events, ${allowed} allowed`,
          },
        ]
  })
}

function numberAnomalies(
  { seriesId }: SeriesHistory,
  sequence: readonly EventCopy[],
  arrivals: readonly Arrival[],
): Anomaly[] {
  const numbers = new Map(sequence.map((copy) => [copy.uuid, copy.number]))
  const gaps = sequence
    .filter(({ number, expectedNumber }) => number !== undefined && number !== expectedNumber)
    .map(
      ({ step, number, expectedNumber }) =>
        `${seriesId} step ${step}: number ${number ?? 0}, should be ${expectedNumber}`,
    )
  const differing = arrivals
    .filter(({ eventUuid, number }) => numbers.has(eventUuid) && numbers.get(eventUuid) !== number)
    .map(({ step, number, target }) => `${seriesId} step ${step}: number ${number} at ${target}, another elsewhere`)
  return [...gaps, ...differing].map((detail) => ({ kind: 'hole', detail }))
}

/** One series at one target. */
interface SeriesAtTarget {
  readonly series: SeriesHistory
  readonly sequence: readonly EventCopy[]
  readonly target: RunHistory['targets'][number]
  readonly arrivals: readonly Arrival[]
  readonly injected: readonly FaultWindow[]
}

/**
 * A target of one series must get everything up to the event that removes it, if that was published. It may get later
 * events, but without gaps.
 */
function targetAnomalies({
  series: { seriesId, steps },
  sequence,
  target,
  arrivals,
  injected,
}: SeriesAtTarget): Anomaly[] {
  const answered = new Set(arrivals.filter(({ answer }) => answer === 'ok').map(({ eventUuid }) => eventUuid))
  const removedBy = sequence.findIndex(({ step }) => {
    const found = steps[step]
    return found?.kind === 'event' && found.ends === 'delete_flag'
  })
  const lastAnswered = sequence.findLastIndex(({ uuid }) => answered.has(uuid))
  const end =
    target.seriesId === undefined || removedBy === -1 ? sequence.length : Math.max(removedBy, lastAnswered) + 1
  const lost = sequence.slice(0, end).filter(({ uuid }) => !answered.has(uuid))
  return [
    ...lost.map(({ step, uuid }): Anomaly => ({
      kind: 'lost',
      detail: `${seriesId} step ${step} (${uuid}) at ${target.name}`,
    })),
    ...findOrderAnomalies(sequence, arrivals, injected).map(({ arrival, what }): Anomaly => ({
      kind: 'violation',
      detail: `${seriesId} step ${arrival.step} at ${target.name} ${what}, at ${Math.round(arrival.atMs)} ms`,
    })),
  ]
}

function bodyAnomalies(arrivals: readonly Arrival[]): Anomaly[] {
  const bodies = new Map<string, string>()
  const notifications = new Map<string, string>()
  const differsFromFirst = (map: Map<string, string>, key: string, value: string) => {
    if (!map.has(key)) map.set(key, value)
    return map.get(key) !== value
  }
  return arrivals.flatMap(({ target, seriesId, step, eventUuid, notificationUuid, bodyHash }): Anomaly[] => {
    const where = `${seriesId} step ${step} at ${target}`
    return [
      ...(differsFromFirst(bodies, notificationUuid, bodyHash)
        ? [{ kind: 'different_body' as const, detail: `${where}: ${notificationUuid} with another body` }]
        : []),
      ...(differsFromFirst(notifications, `${target} ${eventUuid}`, notificationUuid)
        ? [{ kind: 'different_body' as const, detail: `${where}: a second notification ${notificationUuid}` }]
        : []),
    ]
  })
}

function strangerAnomalies(
  series: readonly SeriesHistory[],
  targets: RunHistory['targets'],
  arrivals: readonly Arrival[],
): Anomaly[] {
  const steps = new Map(series.map((book) => [book.seriesId, book.steps]))
  const mayGet = new Set(
    targets.flatMap(({ name, seriesId }) =>
      series
        .filter((book) => seriesId === undefined || seriesId === book.seriesId)
        .map((book) => `${name} ${book.seriesId}`),
    ),
  )
  return arrivals
    .filter(
      ({ target, seriesId, step }) =>
        !mayGet.has(`${target} ${seriesId}`) || steps.get(seriesId)?.[step]?.kind !== 'event',
    )
    .map(({ target, seriesId, step, eventUuid }) => ({
      kind: 'stranger',
      detail: `${eventUuid} (${seriesId} step ${step}) at ${target}`,
    }))
}

const unexplainedDuplicates = (duplicates: readonly Duplicate[]): Anomaly[] =>
  duplicates
    .filter(({ explainedBy }) => !explainedBy)
    .map(({ target, notificationUuid, answeredMs, againMs }) => ({
      kind: 'unexplained_duplicate',
      detail:
        `${notificationUuid} at ${target}, ` +
        `response at ${Math.round(answeredMs)} ms, again at ${Math.round(againMs)} ms`,
    }))
