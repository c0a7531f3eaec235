import type { Alarms } from '../fleet/alarms.ts'
import { perSecond, seconds } from './figures.ts'
import type { Leftovers, StuckSamples } from './watch/database-watch.ts'
import type { InjectedFault } from './faults/injected-fault.ts'
import type { Plan } from './plan/publish-plan.ts'
import type { Anomaly, Verdict } from './checker/reconcile.ts'
import { recoveryByKind, type Recovery, type RecoveryOfKind } from './checker/recovery-times.ts'
import type { SeriesHistory } from './publish/publishers.ts'
import type { Arrival } from './checker/ledger-targets.ts'
import type { Nemesis } from './faults/nemesis.ts'

export interface ReportInput {
  readonly plan: Plan
  readonly setting: string
  readonly hasKeys: boolean
  readonly series: readonly SeriesHistory[]
  readonly verdict: Verdict
  readonly arrivals: readonly Arrival[]
  /** Responses that no publisher should get. */
  readonly unexpected: readonly string[]
  readonly alarms: Pick<Alarms, 'counts'>
  readonly nemesis: Pick<Nemesis, 'planned' | 'injected'>
  readonly recoveries: readonly Recovery[]
  readonly leftovers: Leftovers
  /** What was left behind outside the database. */
  readonly foundElsewhere: readonly string[]
  readonly stuck: Readonly<StuckSamples>
  /** Monotonic. */
  readonly times: { readonly startedAtMs: number; readonly publishedAtMs: number; readonly quietAtMs: number }
  readonly logDir: string
}

/** The result of a run. Without failures it has kept all promises. */
export interface LedgerReport {
  /** For people: everything, one fact a line. */
  readonly text: string
  readonly failures: readonly string[]
  readonly arrivals: number
  readonly injected: readonly InjectedFault[]
}

const MAX_FAILURES_SHOWN = 20
/** A request answered this long after a fault began was hardly on the wire at that time, so the report names it. */
const LATE_MS = 2000
const LATE_SHOWN = 5
const KINDS: readonly Anomaly['kind'][] = [
  'lost',
  'hole',
  'violation',
  'different_body',
  'unexplained_duplicate',
  'excess_copy',
  'stranger',
]

export function reportOf(input: ReportInput): LedgerReport {
  const {
    arrivals,
    recoveries,
    nemesis: { injected },
  } = input
  const failures = [...input.verdict.anomalies.map(({ kind, detail }) => `${kind}: ${detail}`), ...otherFailures(input)]
  const lines = [
    ...figures(input),
    ...duplicateLines(input),
    ...recoveries.map((one) => faultLine(one, input)),
    ...recoveryByKind(recoveries).map(recoveryLine),
    ...failureLines(failures, input),
  ]
  return { text: lines.join('\n'), failures, arrivals: arrivals.length, injected }
}

/** Returns the failures that reconciling cannot show: the state of the tables, the responses, the log. */
function otherFailures(input: ReportInput): string[] {
  const {
    leftovers: { lanes, unsettled, undispatched, removals, deadLetters, undelivered, active, events },
    stuck,
    alarms,
    verdict,
    nemesis,
    foundElsewhere,
    unexpected,
  } = input
  const left = Object.entries({ lanes, unsettled, undispatched, removals, deadLetters, undelivered }).filter(
    ([, count]) => count > 0,
  )
  const unpublished = recordsOf(input).filter((record) => !record.isStored).length
  const expectedEvents = eventsOf(input) + verdict.extraCopies
  const expectedActive = 3 + unremoved(input)
  return [
    ...left.map(([what, count]) => `left in the database: ${count} ${what}`),
    ...foundElsewhere,
    ...(stuck.max > 0 ? [`stuck lanes: ${stuck.max}`] : []),
    ...(stuck.samples === 0 ? ['stuck lanes were never counted'] : []),
    ...(active === expectedActive ? [] : [`active subscriptions: ${active}, should be ${expectedActive}`]),
    ...(events === expectedEvents ? [] : [`events in the database: ${events}, accounted for: ${expectedEvents}`]),
    ...(nemesis.injected.length === nemesis.planned
      ? []
      : [`injected faults: ${nemesis.injected.length} of ${nemesis.planned}`]),
    ...(unpublished === 0 ? [] : [`steps that were never acknowledged: ${unpublished}`]),
    ...unexpected.map((said) => `a publisher got: ${said}`),
    ...[...alarms.counts].map(([message, count]) => `alarm, ${count} times: ${message}`),
  ]
}

function figures(input: ReportInput): string[] {
  const {
    plan,
    setting,
    hasKeys,
    verdict,
    arrivals,
    nemesis,
    leftovers,
    stuck,
    times: { startedAtMs, publishedAtMs, quietAtMs },
  } = input
  const counts = KINDS.map((kind) => `${kind} ${verdict.anomalies.filter((fault) => fault.kind === kind).length}`)
  const unknowns = recordsOf(input).reduce((sum, record) => sum + record.unknowns, 0)
  const answers = (['ok', 'rejected', 'closed'] as const).map(
    (answer) => `${answer} ${arrivals.filter((arrival) => arrival.answer === answer).length}`,
  )
  const events = eventsOf(input)
  return [
    `seed ${plan.seed}, ${setting}, ${events} events, ${plan.series.length} series, ` +
      `${nemesis.planned} injected faults, ${hasKeys ? 'with' : 'without'} keys`,
    `began at ${Math.round(startedAtMs)} ms`,
    counts.join(', '),
    `arrivals ${arrivals.length}: ${answers.join(', ')}`,
    `unknown publishes ${unknowns}, extra copies of them ${verdict.extraCopies}, ` +
      `events in the database ${leftovers.events}`,
    `stuck lanes at most ${stuck.max} in ${stuck.samples} samples, ` +
      `unsettled rows at the end ${leftovers.unsettled + leftovers.lanes}, active subscriptions ${leftovers.active}`,
    `published in ${seconds(publishedAtMs - startedAtMs)}, quiet after ${seconds(quietAtMs - startedAtMs)}: ` +
      `${perSecond(events, quietAtMs - startedAtMs)} events/s in all, ` +
      `${perSecond(events, publishedAtMs - startedAtMs)} published/s`,
  ]
}

function duplicateLines({ verdict: { duplicates }, times: { startedAtMs } }: ReportInput): string[] {
  const explained = duplicates.flatMap(({ explainedBy }) => explainedBy ?? [])
  const unexplained = duplicates.length - explained.length
  const line = `duplicates ${duplicates.length}: ${explained.length} explained, ${unexplained} unexplained`
  if (explained.length === 0) return [line]
  const late = duplicates.filter(({ explainedBy }) => explainedBy !== undefined && explainedBy.faultAfterMs < -LATE_MS)
  const lateLines = late
    .slice(0, LATE_SHOWN)
    .map(
      ({ target, notificationUuid, answeredMs, againMs }) =>
        `  late response, ${notificationUuid} at ${target}: ` +
        `at ${seconds(answeredMs - startedAtMs)}, again at ${seconds(againMs - startedAtMs)}`,
    )
  return [
    line,
    ...lateLines,
    `  response to fault: ${spread(explained.map((one) => one.faultAfterMs))}; ` +
      `fault to repetition: ${spread(explained.map((one) => one.againAfterMs))}`,
  ]
}

function faultLine(
  { fault: { how, victim, name, atMs, overAtMs, note }, recoveredAfterMs }: Recovery,
  { times: { startedAtMs } }: ReportInput,
): string {
  const details = [name, note].filter((text) => text !== '').join(', ')
  return (
    `${seconds(atMs - startedAtMs)}: ${how} ${victim} (${details}); ` +
    `over after ${seconds(overAtMs - atMs)}, recovered after ${secondsOr(recoveredAfterMs)}`
  )
}

const recoveryLine = ({ how, victim, count, medianMs, worstMs, worstAloneMs }: RecoveryOfKind) =>
  `recovery after ${how} ${victim} (${count}): median ${secondsOr(medianMs)}, worst ${secondsOr(worstMs)}, ` +
  `worst without another fault ${secondsOr(worstAloneMs)}`

function failureLines(failures: readonly string[], { logDir }: ReportInput): string[] {
  if (failures.length === 0) return ['no failure']
  const more = failures.length > MAX_FAILURES_SHOWN ? [`  and ${failures.length - MAX_FAILURES_SHOWN} more`] : []
  return [
    `${failures.length} failures, logs in ${logDir}`,
    ...failures.slice(0, MAX_FAILURES_SHOWN).map((failure) => `  ${failure}`),
    ...more,
  ]
}

const recordsOf = ({ series }: ReportInput) => series.flatMap(({ records }) => records)
const eventsOf = ({ series }: ReportInput) =>
  series.reduce((sum, { steps }) => sum + steps.filter(({ kind }) => kind === 'event').length, 0)

/** Counts the subscriptions that stay because the event with their delete flag was not published in time. */
function unremoved({ plan, series }: ReportInput): number {
  const begun = new Map(series.map(({ seriesId, steps }) => [seriesId, steps]))
  return plan.series.filter(
    ({ seriesId, ending }) =>
      ending === 'delete_flag' &&
      !begun.get(seriesId)?.some((step) => step.kind === 'event' && step.ends === 'delete_flag'),
  ).length
}

const secondsOr = (ms: number | undefined) => (ms === undefined ? 'unknown' : seconds(ms))

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)
  return `${at(0)} / ${at(0.5)} / ${at(1)} ms (min / median / max)`
}
