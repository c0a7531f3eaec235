import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { measure, type MeasureOptions, type Measurement } from './measure.ts'
import { rotated, type PlannedRun } from './plan.ts'
import { systemName } from './report/figure-text.ts'
import { isVoiding } from './report/headline.ts'

export interface BenchRunOptions extends Omit<MeasureOptions, 'directory'> {
  readonly parent: string
  readonly rounds: number
  readonly write: (line: string) => void
}

export interface BenchResults {
  readonly measurements: readonly Measurement[]
  /** What could not be measured, and why: a sentence each. */
  readonly failures: readonly string[]
}

/**
 * Measures all runs round by round. A system that cannot be measured here is named and left out, and so is a run that
 * fails. After a signal it returns what was measured until then.
 */
export async function runBench(runs: readonly PlannedRun[], options: BenchRunOptions): Promise<BenchResults> {
  const { parent, rounds, signal, write } = options
  const possible = await withoutMissing(runs, options)
  if (possible.length === 0) return { measurements: [], failures: ['there is nothing that could be measured here'] }
  const isStopped = () => signal.aborted
  const measurements: Measurement[] = []
  const failures: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const { system, scenario } of rotated(possible, round)) {
      if (isStopped()) return { measurements, failures: [...failures, 'stopped by a signal'] }
      const directory = join(parent, `run-${measurements.length + failures.length}`)
      await mkdir(directory)
      try {
        const measurement = await measure(system, scenario, { ...options, directory })
        measurements.push(measurement)
        write(progressOf(measurement, `${round + 1}/${rounds}`))
      } catch (error) {
        if (isStopped()) continue
        const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
        write(`${scenario.name} ${system.id} failed: ${reason}`)
        failures.push(`${scenario.name}, ${system.id}: ${reason.split('\n', 1)[0] ?? ''}`)
      } finally {
        await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
      }
    }
  }
  return { measurements, failures }
}

async function withoutMissing(
  runs: readonly PlannedRun[],
  { settings, write }: BenchRunOptions,
): Promise<readonly PlannedRun[]> {
  const left = new Set(runs.map(({ system }) => system))
  for (const system of [...left]) {
    const reason = await system.missing(settings)
    if (reason === undefined) continue
    write(`${system.id} is skipped: ${reason}`)
    left.delete(system)
  }
  return runs.filter(({ system }) => left.has(system))
}

function progressOf(measurement: Measurement, round: string): string {
  const { receivedPerS, cpuMicros, latencies, violations, rejected, firstRejection } = measurement
  const { p50, p99, max } = latencies.healthy
  const cpu = Object.entries(cpuMicros).map(([kind, micros]) => `${systemName(kind)} ${Math.round(micros)}`)
  return [
    `${round} ${measurement.scenario} ${measurement.system}: ${Math.round(receivedPerS)}/s, ` +
      `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(1)} ms, CPU us per event: ${cpu.join(', ')}`,
    ...(isVoiding(measurement) ? ['  VOID: the machine is too slow or busy, and this run compares nothing'] : []),
    ...violations.map((violation) => `  VIOLATION: ${violation}`),
    ...(rejected > 0 ? [`  ${rejected} rejected, the first with ${firstRejection?.split('\r\n')[0] ?? ''}`] : []),
  ].join('\n')
}
