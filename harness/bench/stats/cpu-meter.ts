import { readProcesses, residentMiB, treeOf } from './process-figures.ts'

/** What a process is, in the order of the report. */
export const PROCESS_KINDS = ['publisher', 'node', 'postgresql', 'rabbitmq', 'redis', 'receiver'] as const
export type ProcessKind = (typeof PROCESS_KINDS)[number]

export interface MeteredProcess {
  readonly kind: ProcessKind
  /** Undefined if it runs on another machine or cannot be found. */
  readonly pid: number | undefined
}

export type PerKind = Readonly<Partial<Record<ProcessKind, number>>>

export const sumOf = (values: PerKind) => Object.values(values).reduce((sum, value) => sum + value, 0)

/** Measures the trees of these processes, each process once. */
export interface CpuMeter {
  /** Microseconds since the processes started. */
  cpuMicros(): Promise<PerKind>
  memoryMiB(): Promise<PerKind>
}

export function createCpuMeter(metered: readonly MeteredProcess[]): CpuMeter {
  const found = metered.flatMap(({ kind, pid }) => (pid === undefined ? [] : [{ kind, pid }]))
  const apart = found.map(({ pid }) => pid)

  async function trees() {
    const processes = await readProcesses()
    const byPid = new Map(processes.map((process) => [process.pid, process]))
    return found.map(({ kind, pid }) => ({
      kind,
      processes: treeOf(pid, { processes, apart }).flatMap((member) => byPid.get(member) ?? []),
    }))
  }

  return {
    cpuMicros: async () =>
      sumPerKind(
        (await trees()).map(({ kind, processes }) => ({
          kind,
          value: processes.reduce((sum, { micros }) => sum + micros, 0),
        })),
      ),
    memoryMiB: async () =>
      sumPerKind(
        await Promise.all(
          (await trees()).map(async ({ kind, processes }) => {
            const sizes = await Promise.all(processes.map(({ pid }) => residentMiB(pid)))
            return { kind, value: sizes.reduce((sum, size) => sum + size, 0) }
          }),
        ),
      ),
  }
}

function sumPerKind(values: readonly { kind: ProcessKind; value: number }[]): PerKind {
  const sums: Partial<Record<ProcessKind, number>> = {}
  for (const { kind, value } of values) sums[kind] = (sums[kind] ?? 0) + value
  return sums
}
