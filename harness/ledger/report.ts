import type { Alarms } from '../fleet/alarms.ts'
import type { Leftovers, StuckSamples } from './watch/database-watch.ts'
import type { Disturbance } from './disturb/disturbance.ts'
import type { Plan } from './plan/plan.ts'
import type { Fault, Verdict } from './judge/reconcile.ts'
import { recoveryByKind, type Recovery, type RecoveryOfKind } from './judge/recovery.ts'
import type { SeriesBook } from './publish/publishers.ts'
import type { Arrival } from './judge/targets.ts'
import type { Trouble } from './disturb/trouble.ts'

export interface Facts {
  readonly plan: Plan
  readonly setting: string
  readonly hasKeys: boolean
  readonly series: readonly SeriesBook[]
  readonly verdict: Verdict
  readonly arrivals: readonly Arrival[]
  /** Answers that no publisher should get. */
  readonly unexpected: readonly string[]
  readonly alarms: Pick<Alarms, 'counts'>
  readonly trouble: Pick<Trouble, 'planned' | 'disturbances'>
  readonly recoveries: readonly Recovery[]
  readonly leftovers: Leftovers
  /** Left behind outside the database. */
  readonly foundElsewhere: readonly string[]
  readonly stuck: Readonly<StuckSamples>
  /** Monotonic. */
  readonly times: { readonly startedAtMs: number; readonly publishedAtMs: number; readonly quietAtMs: number }
  readonly logDir: string
}

/** What a run came to. Without faults it kept the promises. */
export interface LedgerReport {
  /** Readable, complete, one fact a line. */
  readonly text: string
  readonly faults: readonly string[]
  readonly arrivals: number
  readonly disturbances: readonly Disturbance[]
}

const SHOWN_FAULTS = 20
/** What was answered this long after a disturbance began was hardly on the wire then: worth a look. */
const LATE_MS = 2000
const SHOWN_LATE = 5
const KINDS: readonly Fault['kind'][] = ['lost', 'hole', 'violation', 'different_body', 'unexplained_duplicate', 'excess_copy', 'stranger']

export function reportOf(facts: Facts): LedgerReport {
  const { arrivals, recoveries, trouble: { disturbances } } = facts
  const faults = [...facts.verdict.faults.map(({ kind, detail }) => `${kind}: ${detail}`), ...otherFaults(facts)]
  const lines = [...figures(facts), ...duplicateLines(facts), ...recoveries.map((one) => disturbanceLine(one, facts)), ...recoveryByKind(recoveries).map(recoveryLine), ...faultLines(faults, facts)]
  return { text: lines.join('\n'), faults, arrivals: arrivals.length, disturbances }
}

/** What the books do not show: the state of the tables, the answers, the log. */
function otherFaults(facts: Facts): string[] {
  const { leftovers: { lanes, unsettled, undispatched, removals, deadLetters, undelivered, living, events }, stuck, alarms, verdict, trouble, foundElsewhere, unexpected } = facts
  const left = Object.entries({ lanes, unsettled, undispatched, removals, deadLetters, undelivered }).filter(([, count]) => count > 0)
  const unpublished = recordsOf(facts).filter((record) => !record.isStored).length
  const expectedEvents = eventsOf(facts) + verdict.extraCopies
  const expectedLiving = 3 + unremoved(facts)
  return [
    ...left.map(([what, count]) => `left in the database: ${count} ${what}`),
    ...foundElsewhere,
    ...(stuck.most > 0 ? [`stuck lanes: ${stuck.most}`] : []),
    ...(stuck.samples === 0 ? ['stuck lanes were never counted'] : []),
    ...(living === expectedLiving ? [] : [`living subscriptions: ${living}, should be ${expectedLiving}`]),
    ...(events === expectedEvents ? [] : [`events in the database: ${events}, accounted for: ${expectedEvents}`]),
    ...(trouble.disturbances.length === trouble.planned ? [] : [`disturbances: ${trouble.disturbances.length} of ${trouble.planned}`]),
    ...(unpublished === 0 ? [] : [`steps that were never acknowledged: ${unpublished}`]),
    ...unexpected.map((said) => `a publisher was answered: ${said}`),
    ...[...alarms.counts].map(([message, count]) => `alarm, ${count} times: ${message}`),
  ]
}

function figures(facts: Facts): string[] {
  const { plan, setting, hasKeys, verdict, arrivals, trouble, leftovers, stuck, times: { startedAtMs, publishedAtMs, quietAtMs } } = facts
  const counts = KINDS.map((kind) => `${kind} ${verdict.faults.filter((fault) => fault.kind === kind).length}`)
  const unknowns = recordsOf(facts).reduce((sum, record) => sum + record.unknowns, 0)
  const answers = (['ok', 'refused', 'closed'] as const).map((answer) => `${answer} ${arrivals.filter((arrival) => arrival.answer === answer).length}`)
  const events = eventsOf(facts)
  return [
    `seed ${plan.seed}, ${setting}, ${events} events, ${plan.series.length} series, ${trouble.planned} disturbances, ${hasKeys ? 'with' : 'without'} keys`,
    `began at ${Math.round(startedAtMs)} ms`,
    counts.join(', '),
    `arrivals ${arrivals.length}: ${answers.join(', ')}`,
    `unknown publishes ${unknowns}, extra copies of them ${verdict.extraCopies}, events in the database ${leftovers.events}`,
    `stuck lanes at most ${stuck.most} in ${stuck.samples} samples, unsettled rows at the end ${leftovers.unsettled + leftovers.lanes}, living subscriptions ${leftovers.living}`,
    `published in ${seconds(publishedAtMs - startedAtMs)}, quiet after ${seconds(quietAtMs - startedAtMs)}: ${perSecond(events, quietAtMs - startedAtMs)} events/s in all, ${perSecond(events, publishedAtMs - startedAtMs)} published/s`,
  ]
}

function duplicateLines({ verdict: { duplicates }, times: { startedAtMs } }: Facts): string[] {
  const explained = duplicates.flatMap(({ explainedBy }) => explainedBy ?? [])
  const line = `duplicates ${duplicates.length}: ${explained.length} explained, ${duplicates.length - explained.length} unexplained`
  if (explained.length === 0) return [line]
  const late = duplicates.filter(({ explainedBy }) => explainedBy !== undefined && explainedBy.disturbedAfterMs < -LATE_MS)
  const lateLines = late.slice(0, SHOWN_LATE).map(({ target, notificationUuid, answeredMs, againMs }) => `  answered late, ${notificationUuid} at ${target}: at ${seconds(answeredMs - startedAtMs)}, again at ${seconds(againMs - startedAtMs)}`)
  return [line, ...lateLines, `  answer to disturbance: ${spread(explained.map((one) => one.disturbedAfterMs))}; disturbance to repetition: ${spread(explained.map((one) => one.againAfterMs))}`]
}

function disturbanceLine({ disturbance: { how, victim, name, atMs, overAtMs, note }, recoveredAfterMs }: Recovery, { times: { startedAtMs } }: Facts): string {
  return `${seconds(atMs - startedAtMs)}: ${how} ${victim} (${[name, note].filter((text) => text !== '').join(', ')}); over after ${seconds(overAtMs - atMs)}, recovered after ${secondsOr(recoveredAfterMs)}`
}

const recoveryLine = ({ how, victim, count, medianMs, worstMs, worstAloneMs }: RecoveryOfKind) =>
  `recovery after ${how} ${victim} (${count}): median ${secondsOr(medianMs)}, worst ${secondsOr(worstMs)}, worst without another disturbance ${secondsOr(worstAloneMs)}`

function faultLines(faults: readonly string[], { logDir }: Facts): string[] {
  if (faults.length === 0) return ['no fault']
  const more = faults.length > SHOWN_FAULTS ? [`  and ${faults.length - SHOWN_FAULTS} more`] : []
  return [`${faults.length} faults, logs in ${logDir}`, ...faults.slice(0, SHOWN_FAULTS).map((fault) => `  ${fault}`), ...more]
}

const recordsOf = ({ series }: Facts) => series.flatMap(({ records }) => records)
const eventsOf = ({ series }: Facts) => series.reduce((sum, { steps }) => sum + steps.filter(({ kind }) => kind === 'event').length, 0)

/** Subscriptions that a delete flag would have removed that was not published any more. */
function unremoved({ plan, series }: Facts): number {
  const begun = new Map(series.map(({ seriesId, steps }) => [seriesId, steps]))
  return plan.series.filter(({ seriesId, ending }) => ending === 'delete_flag' && !begun.get(seriesId)?.some((step) => step.kind === 'event' && step.ends === 'delete_flag')).length
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const secondsOr = (ms: number | undefined) => (ms === undefined ? 'unknown' : seconds(ms))
const perSecond = (count: number, ms: number) => Math.round((1000 * count) / ms)

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)
  return `${at(0)} / ${at(0.5)} / ${at(1)} ms (least / median / most)`
}
