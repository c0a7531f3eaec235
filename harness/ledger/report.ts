import type { Leftovers, StuckSamples } from './database-watch.ts'
import type { Duplicate } from './duplicates.ts'
import type { Kill } from './killer.ts'
import type { Plan } from './plan.ts'
import type { Publishers } from './publishers.ts'
import type { Fault, Verdict } from './reconcile.ts'
import type { Arrival } from './targets.ts'

export interface Facts {
  readonly plan: Plan
  readonly hasKeys: boolean
  readonly verdict: Verdict
  readonly arrivals: readonly Arrival[]
  readonly publishers: Pick<Publishers, 'published' | 'unexpected'>
  readonly alarms: ReadonlyMap<string, number>
  readonly kills: readonly Kill[]
  readonly leftovers: Leftovers
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
  readonly duplicates: readonly Duplicate[]
  readonly arrivals: number
  readonly kills: readonly Kill[]
}

const SHOWN_FAULTS = 20
const KINDS: readonly Fault['kind'][] = ['lost', 'hole', 'violation', 'different_body', 'unexplained_duplicate', 'excess_copy', 'stranger']

export function reportOf(facts: Facts): LedgerReport {
  const { verdict, arrivals, kills } = facts
  const faults = [...verdict.faults.map(({ kind, detail }) => `${kind}: ${detail}`), ...otherFaults(facts)]
  const lines = [...figures(facts), ...duplicateLines(verdict.duplicates), ...kills.map((kill, index) => killLine(kill, index, facts)), ...faultLines(faults, facts)]
  return { text: lines.join('\n'), faults, duplicates: verdict.duplicates, arrivals: arrivals.length, kills }
}

/** What the books do not show: the state of the tables, the answers, the log. */
function otherFaults({ leftovers, stuck, publishers, alarms, plan, verdict, kills }: Facts): string[] {
  const { lanes, unsettled, undispatched, removals, deadLetters, undelivered, living, events } = leftovers
  const left = Object.entries({ lanes, unsettled, undispatched, removals, deadLetters, undelivered }).filter(([, count]) => count > 0)
  const unpublished = recordsOf(publishers).filter((record) => !record.isStored).length
  const expectedEvents = plan.eventCount + verdict.extraCopies
  return [
    ...left.map(([what, count]) => `left in the database: ${count} ${what}`),
    ...(stuck.most > 0 ? [`stuck lanes: ${stuck.most}`] : []),
    ...(stuck.samples === 0 ? ['stuck lanes were never counted'] : []),
    ...(living === 3 ? [] : [`living subscriptions: ${living}, should be 3`]),
    ...(events === expectedEvents ? [] : [`events in the database: ${events}, accounted for: ${expectedEvents}`]),
    ...(kills.length === plan.kills.length ? [] : [`kills: ${kills.length} of ${plan.kills.length}`]),
    ...(unpublished === 0 ? [] : [`steps that were never acknowledged: ${unpublished}`]),
    ...publishers.unexpected.map((said) => `a publisher was answered: ${said}`),
    ...[...alarms].map(([message, count]) => `alarm in the log, ${count} times: ${message}`),
  ]
}

function figures(facts: Facts): string[] {
  const { plan, hasKeys, verdict, arrivals, publishers, leftovers, stuck, times: { startedAtMs, publishedAtMs, quietAtMs } } = facts
  const counts = KINDS.map((kind) => `${kind} ${verdict.faults.filter((fault) => fault.kind === kind).length}`)
  const unknowns = recordsOf(publishers).reduce((sum, record) => sum + record.unknowns, 0)
  const answers = (['ok', 'refused', 'closed'] as const).map((answer) => `${answer} ${arrivals.filter((arrival) => arrival.answer === answer).length}`)
  return [
    `seed ${plan.seed}, ${plan.eventCount} events, ${plan.series.length} series, ${plan.kills.length} kills, ${hasKeys ? 'with' : 'without'} keys`,
    counts.join(', '),
    `arrivals ${arrivals.length}: ${answers.join(', ')}`,
    `unknown publishes ${unknowns}, extra copies of them ${verdict.extraCopies}, events in the database ${leftovers.events}`,
    `stuck lanes at most ${stuck.most} in ${stuck.samples} samples, unsettled rows at the end ${leftovers.unsettled + leftovers.lanes}, living subscriptions ${leftovers.living}`,
    `published in ${seconds(publishedAtMs - startedAtMs)}, quiet after ${seconds(quietAtMs - startedAtMs)}: ${perSecond(plan.eventCount, quietAtMs - startedAtMs)} events/s in all, ${perSecond(plan.eventCount, publishedAtMs - startedAtMs)} published/s`,
  ]
}

function duplicateLines(duplicates: readonly Duplicate[]): string[] {
  const explained = duplicates.flatMap(({ explainedBy }) => explainedBy ?? [])
  const line = `duplicates ${duplicates.length}: ${explained.length} explained by a kill, ${duplicates.length - explained.length} unexplained`
  if (explained.length === 0) return [line]
  return [line, `  answer to kill: ${spread(explained.map((one) => one.killAfterMs))}; kill to repetition: ${spread(explained.map((one) => one.againAfterMs))}`]
}

function killLine({ victim, atMs, readyAtMs, published, delivered }: Kill, index: number, { arrivals, times: { startedAtMs } }: Facts): string {
  const next = arrivals.find((arrival) => arrival.atMs > readyAtMs)
  const arrived = next ? `next arrival after ${seconds(next.atMs - atMs)}` : 'no arrival after that'
  return `kill ${index + 1}: ${victim} at ${seconds(atMs - startedAtMs)}, ${percent(published)} published, ${percent(delivered)} delivered; ready after ${seconds(readyAtMs - atMs)}, ${arrived}`
}

function faultLines(faults: readonly string[], { logDir }: Facts): string[] {
  if (faults.length === 0) return ['no fault']
  const more = faults.length > SHOWN_FAULTS ? [`  and ${faults.length - SHOWN_FAULTS} more`] : []
  return [`${faults.length} faults, logs in ${logDir}`, ...faults.slice(0, SHOWN_FAULTS).map((fault) => `  ${fault}`), ...more]
}

const recordsOf = ({ published }: Facts['publishers']) => [...published.values()].flat()

const percent = (share: number) => `${Math.round(100 * share)} %`
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const perSecond = (count: number, ms: number) => Math.round((1000 * count) / ms)

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)
  return `${at(0)} / ${at(0.5)} / ${at(1)} ms (least / median / most)`
}
