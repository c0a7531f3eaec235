import type { LatencySummary } from '../load/latency-summary.ts'
import type { Measurement } from '../measure.ts'
import { PROCESS_KINDS, sumOf, type PerKind, type ProcessKind } from '../stats/cpu-meter.ts'
import { median, spreadOf, type Spread } from '../stats/median.ts'
import type { Stall } from '../stats/stalls.ts'
import { REFERENCE, TUNED_REFERENCE } from '../systems/all-systems.ts'

const NAMES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  rabbitmq: 'RabbitMQ',
  redis: 'Redis',
}

/** Returns how a kind of process is written. */
export const systemName = (kind: string) => NAMES[kind] ?? kind

export type Latencies = Readonly<Record<keyof LatencySummary, Spread>>

/** One system in one scenario, over all rounds. */
export interface Figures {
  readonly scenario: string
  readonly system: string
  readonly receivedPerS: Spread
  readonly acceptedPerS: Spread
  /** Median of events/s, divided by that of BullMQ in this scenario; undefined if that was not measured. */
  readonly ratio: number | undefined
  /** The same, divided by that of BullMQ with a tuned program. */
  readonly tunedRatio: number | undefined
  /** Medians. */
  readonly cpuMicros: PerKind
  readonly cpuInAllMicros: Spread
  readonly memoryMiB: PerKind
  /** Median of what anything else took of the machine's CPU time, from 0 to 1; NaN where that is not known. */
  readonly othersShare: number
  readonly latencies: Latencies
  /** Median of the publisher's 99th percentile behind its plan, in ms. */
  readonly lagP99Ms: number
  readonly stalls: readonly { readonly round: number; readonly stalls: readonly Stall[] }[]
  readonly durability: string
  readonly rejected: number
  readonly violations: readonly string[]
}

/** Joins the rounds, in the order in which systems and scenarios were first measured. */
export function figuresOf(measurements: readonly Measurement[]): Figures[] {
  const keyOf = ({ scenario, system }: Measurement) => `${scenario} ${system}`
  const keys = new Set(measurements.map(keyOf))
  return [...keys].map((key) =>
    figuresOfGroup(
      measurements.filter((one) => keyOf(one) === key),
      measurements,
    ),
  )
}

function figuresOfGroup(group: readonly Measurement[], all: readonly Measurement[]): Figures {
  const [first] = group
  if (!first) throw new Error('a group has a measurement')
  const spread = (valueOf: (one: Measurement) => number) => spreadOf(group.map(valueOf))
  const latency = (name: keyof LatencySummary) => spread(({ latencies }) => latencies.healthy[name])
  return {
    scenario: first.scenario,
    system: first.system,
    receivedPerS: spread(({ receivedPerS }) => receivedPerS),
    acceptedPerS: spread(({ acceptedPerS }) => acceptedPerS),
    ratio: ratioTo(REFERENCE, group, all),
    tunedRatio: ratioTo(TUNED_REFERENCE, group, all),
    cpuMicros: mediansPerKind(group.map(({ cpuMicros }) => cpuMicros)),
    cpuInAllMicros: spread(({ cpuMicros }) => sumOf(cpuMicros)),
    memoryMiB: mediansPerKind(group.map(({ memoryMiB }) => memoryMiB)),
    othersShare: median(group.flatMap(({ othersShare }) => othersShare ?? [])),
    latencies: {
      count: latency('count'),
      p50: latency('p50'),
      p95: latency('p95'),
      p99: latency('p99'),
      p999: latency('p999'),
      max: latency('max'),
    },
    lagP99Ms: median(group.map(({ lag }) => lag.p99)),
    stalls: group.map(({ latencies }, round) => ({ round: round + 1, stalls: latencies.stalls })),
    durability: first.durability,
    rejected: group.reduce((sum, { rejected }) => sum + rejected, 0),
    violations: group.flatMap(({ violations }) => violations),
  }
}

function ratioTo(divisor: string, group: readonly Measurement[], all: readonly Measurement[]): number | undefined {
  const divisors = all.filter(({ scenario, system }) => scenario === group[0]?.scenario && system === divisor)
  const medianRate = (of: readonly Measurement[]) => median(of.map(({ receivedPerS }) => receivedPerS))
  return divisors.length === 0 ? undefined : medianRate(group) / medianRate(divisors)
}

function mediansPerKind(values: readonly PerKind[]): PerKind {
  const present = (kind: ProcessKind) => values.flatMap((one) => one[kind] ?? [])
  return Object.fromEntries(
    PROCESS_KINDS.filter((kind) => present(kind).length > 0).map((kind) => [kind, median(present(kind))]),
  )
}
