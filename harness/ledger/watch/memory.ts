import { readFileSync } from 'node:fs'
import { setInterval } from 'node:timers'
import type { Lives } from '../../fleet/lives.ts'

/** Resident memory of processes, in MB, once a second (Linux, proc(5): VmRSS). */
export interface MemoryWatch {
  readonly samples: ReadonlyMap<string, readonly number[]>
  /** Each process in a line. */
  lines(): string[]
  stop(): void
}

const EVERY_MS = 1000
/** What the second quarter has settled at may grow by this share, and this much, until the last one. */
const FLAT_SHARE = 1.25
const FLAT_MB = 32

export function createMemoryWatch(processes: readonly Pick<Lives, 'name' | 'running'>[]): MemoryWatch {
  const samples = new Map(processes.map(({ name }): [string, number[]] => [name, []]))
  const sample = () => {
    for (const { name, running } of processes) samples.get(name)?.push(residentMb(running().pid))
  }
  sample()
  const timer = setInterval(sample, EVERY_MS)
  return {
    samples,
    lines: () => [...samples].map(([name, ofOne]) => `memory of ${name}: ${quarters(ofOne).map((quarter) => median(quarter)).join(' / ')} MB (medians of the quarters), at most ${Math.max(...ofOne)} MB`),
    stop: () => clearInterval(timer),
  }
}

/** Whether it does not grow with what was done, apart from the beginning. */
export function isFlat(samples: readonly number[]): boolean {
  const [, second = [], , last = []] = quarters(samples)
  return median(last) <= median(second) * FLAT_SHARE + FLAT_MB
}

const residentMb = (pid: number) => Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

const quarters = (samples: readonly number[]) => [0, 1, 2, 3].map((quarter) => samples.slice(Math.floor((samples.length * quarter) / 4), Math.ceil((samples.length * (quarter + 1)) / 4)))

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
