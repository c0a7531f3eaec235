import { readFileSync } from 'node:fs'
import { setInterval } from 'node:timers'
import type { Supervisor } from '../../fleet/supervisor.ts'

/** Samples the resident memory of processes once a second, in MB (Linux, proc(5): VmRSS). */
export interface MemoryWatch {
  readonly samples: ReadonlyMap<string, readonly number[]>
  /** Returns one line per process. */
  lines(): string[]
  stop(): void
}

const EVERY_MS = 1000
/** From the second quarter to the last one, the median may grow by this factor plus this many MB. */
const FLAT_SHARE = 1.25
const FLAT_MB = 32

export function createMemoryWatch(processes: readonly Pick<Supervisor, 'name' | 'running'>[]): MemoryWatch {
  const samples = new Map(processes.map(({ name }): [string, number[]] => [name, []]))
  const sample = () => {
    for (const { name, running } of processes) samples.get(name)?.push(residentMb(running().pid))
  }
  sample()
  const timer = setInterval(sample, EVERY_MS)
  return {
    samples,
    lines: () =>
      [...samples].map(
        ([name, ofOne]) =>
          `memory of ${name}: ${quarters(ofOne)
            .map((quarter) => median(quarter))
            .join(' / ')} MB (medians of the quarters), at most ${Math.max(...ofOne)} MB`,
      ),
    stop: () => clearInterval(timer),
  }
}

/** Returns whether memory did not grow with the work, apart from the beginning. */
export function isFlat(samples: readonly number[]): boolean {
  const [, second = [], , last = []] = quarters(samples)
  return median(last) <= median(second) * FLAT_SHARE + FLAT_MB
}

const residentMb = (pid: number) =>
  Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

const quarters = (samples: readonly number[]) =>
  [0, 1, 2, 3].map((quarter) =>
    samples.slice(Math.floor((samples.length * quarter) / 4), Math.ceil((samples.length * (quarter + 1)) / 4)),
  )

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
