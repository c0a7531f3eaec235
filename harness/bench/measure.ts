import { setTimeout as delay } from 'node:timers/promises'
import { holdBacklog } from './load/hold-backlog.ts'
import type { LatencySummary } from './load/latency-summary.ts'
import type { PublisherQuestions } from './load/publisher-questions.ts'
import { startHelper, type Helper } from './load/questions.ts'
import {
  isHealthy,
  type ReceiverCounts,
  type ReceiverLatencies,
  type ReceiverQuestions,
} from './load/receiver-questions.ts'
import type { Scenario } from './scenarios.ts'
import { createCpuMeter, sumOf, type CpuMeter, type PerKind } from './stats/cpu-meter.ts'
import { readMachineTimes, type MachineTimes } from './stats/process-figures.ts'
import { monotonicMicros } from './stats/monotonic-clock.ts'
import type { RunningSystem, ServerSettings, System } from './systems/system.ts'

/** After the last publish something has to arrive in this time until everything has. */
const DRAIN_LIMIT_MS = 30_000
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024
const POLL_MS = 20

export interface MeasureOptions {
  readonly directory: string
  readonly seconds: number
  /** Seconds of load before the measurement starts. */
  readonly warmup: number
  readonly connections: number
  readonly series: number
  /** In a closed loop the publisher pauses while this many notifications are under way. */
  readonly maxBacklog: number
  /** Where the receiver listens; any free port unless given. */
  readonly receiverPort?: number
  readonly settings: ServerSettings
  /** Ends the measurement, which then rejects. */
  readonly signal: AbortSignal
}

/** One system in one scenario, once. Rates and CPU times are of notifications counted at the receiver. */
export interface Measurement {
  readonly system: string
  readonly scenario: string
  readonly receivedPerS: number
  readonly acceptedPerS: number
  readonly rejected: number
  readonly firstRejection: string | undefined
  readonly cpuMicros: PerKind
  readonly memoryMiB: PerKind
  /** What anything else took of the machine's CPU time, from 0 to 1; undefined where that is not known. */
  readonly othersShare: number | undefined
  readonly latencies: ReceiverLatencies
  /** Of the publisher behind its plan. */
  readonly lag: LatencySummary
  /** From the last publish until everything had arrived. */
  readonly drainMs: number
  readonly durability: string
  readonly postgresVersion: string | undefined
  /** Accepted and not arrived in time. */
  readonly lost: number
  readonly repeated: number
  readonly early: number
  /** Why the measurement counts as failed, a sentence each. */
  readonly violations: readonly string[]
}

/** Starts a system with a receiver and a publisher, measures, and stops everything. */
export async function measure(system: System, scenario: Scenario, options: MeasureOptions): Promise<Measurement> {
  const receiver = startHelper<ReceiverQuestions>('counting-receiver.ts')
  const publisher = startHelper<PublisherQuestions>('publisher.ts')
  try {
    const series = scenario.isOneSeries ? 1 : options.series
    const { endpoints } = scenario
    const receiverPort = await receiver.ask('start', {
      endpoints,
      series,
      isNumbered: system.isNumbered,
      port: options.receiverPort,
    })
    const running = await system.start({
      directory: options.directory,
      receiverPort,
      endpoints: endpoints.length,
      isOrdered: scenario.isOneSeries,
      settings: options.settings,
    })
    try {
      return await measureRunning({ system, running, scenario, receiver, publisher }, { ...options, series })
    } finally {
      await running.stop()
    }
  } finally {
    await Promise.all([receiver.end(), publisher.end()])
  }
}

interface Parts {
  readonly system: System
  readonly running: RunningSystem
  readonly scenario: Scenario
  readonly receiver: Helper<ReceiverQuestions>
  readonly publisher: Helper<PublisherQuestions>
}

async function measureRunning(parts: Parts, options: MeasureOptions): Promise<Measurement> {
  const { system, running, scenario, receiver, publisher } = parts
  const { connections, series, signal } = options
  const meter = createCpuMeter([
    { kind: 'publisher', pid: publisher.pid },
    ...running.processes,
    { kind: 'receiver', pid: receiver.pid },
  ])
  const { ratePerS, bodyBytes } = scenario
  await publisher.ask('start', { ...running.publishTo, bodyBytes, connections, series, ratePerS })
  const backlog =
    ratePerS === undefined ? holdBacklog({ ...parts, maxBacklog: maxBacklogOf(scenario, options) }) : undefined
  await delay(1000 * options.warmup, undefined, { signal })
  await publisher.ask('mark', null)
  await receiver.ask('begin', null)
  const before = await snapshot(parts, meter)
  await delay(1000 * options.seconds, undefined, { signal })
  const after = await snapshot(parts, meter)
  await receiver.ask('end', null)
  const memoryMiB = await meter.memoryMiB()
  await backlog?.stop()
  const { accepted, ...published } = await publisher.ask('stop', null)
  const drain = await waitUntilDrained(parts, accepted, signal)
  const result = {
    system: system.id,
    scenario: scenario.name,
    ...ratesBetween(before, after),
    ...published,
    memoryMiB,
    othersShare: othersShareBetween(before, after),
    latencies: await receiver.ask('latencies', null),
    durability: running.durability,
    postgresVersion: running.postgresVersion,
    drainMs: drain.ms,
    ...drain.counts,
    lost: drain.lost,
  }
  return { ...result, violations: violationsOf(result, system) }
}

/** The backlog is bounded in bytes too, but never below what the connections have in flight. */
function maxBacklogOf({ bodyBytes, endpoints, maxBacklog }: Scenario, options: MeasureOptions): number {
  const notifications = Math.min(maxBacklog ?? options.maxBacklog, MAX_BACKLOG_BYTES / bodyBytes)
  return Math.max(2 * options.connections, notifications / endpoints.length)
}

interface Snapshot {
  readonly atMicros: number
  readonly accepted: number
  readonly received: number
  readonly cpu: PerKind
  readonly machine: MachineTimes | undefined
}

async function snapshot({ publisher, receiver }: Parts, meter: CpuMeter): Promise<Snapshot> {
  const [{ accepted }, { unique }] = await Promise.all([publisher.ask('counts', null), receiver.ask('counts', null)])
  const [cpu, machine] = await Promise.all([meter.cpuMicros(), readMachineTimes()])
  return { atMicros: monotonicMicros(), accepted, received: unique, cpu, machine }
}

function ratesBetween(before: Snapshot, after: Snapshot) {
  const seconds = (after.atMicros - before.atMicros) / 1_000_000
  const received = after.received - before.received
  const cpuMicros = Object.fromEntries(
    Object.entries(after.cpu).map(([kind, micros]) => [
      kind,
      (micros - (before.cpu[kind as keyof PerKind] ?? 0)) / Math.max(1, received),
    ]),
  ) as PerKind
  return { acceptedPerS: (after.accepted - before.accepted) / seconds, receivedPerS: received / seconds, cpuMicros }
}

function othersShareBetween(before: Snapshot, after: Snapshot): number | undefined {
  if (!before.machine || !after.machine) return undefined
  const ours = sumOf(after.cpu) - sumOf(before.cpu)
  const busy = after.machine.busyMicros - before.machine.busyMicros
  return Math.max(0, (busy - ours) / (after.machine.allMicros - before.machine.allMicros))
}

/** Waits until every accepted event is at every endpoint that responds promptly. */
async function waitUntilDrained(
  { receiver, scenario }: Parts,
  accepted: number,
  signal: AbortSignal,
): Promise<{ ms: number; lost: number; counts: Pick<ReceiverCounts, 'repeated' | 'early'> }> {
  const prompt = scenario.endpoints.filter(isHealthy).length
  const startedAt = performance.now()
  let [lastLost, progressAtMs] = [Infinity, 0]
  for (;;) {
    const { uniqueAtHealthy, repeated, early } = await receiver.ask('counts', null)
    const lost = Math.max(0, accepted * prompt - uniqueAtHealthy)
    const ms = performance.now() - startedAt
    if (lost !== lastLost) progressAtMs = ms
    lastLost = lost
    if (lost === 0 || ms > progressAtMs + DRAIN_LIMIT_MS) return { ms, lost, counts: { repeated, early } }
    await delay(POLL_MS, undefined, { signal })
  }
}

function violationsOf(
  { lost, repeated, early, receivedPerS }: Pick<Measurement, 'lost' | 'repeated' | 'early' | 'receivedPerS'>,
  { isNumbered }: System,
): string[] {
  return [
    ...(receivedPerS === 0 ? ['nothing arrived'] : []),
    ...(lost > 0 ? [`${lost} notifications of accepted events did not arrive`] : []),
    ...(isNumbered && early > 0 ? [`${early} notifications out of order`] : []),
    ...(isNumbered && repeated > 0 ? [`${repeated} notifications repeated`] : []),
  ]
}
