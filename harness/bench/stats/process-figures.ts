import { readdir, readFile } from 'node:fs/promises'

/** Clock ticks per second in /proc/<pid>/stat; 100 on every Linux that Node.js supports. */
const TICKS_PER_S = 100
const MIB = 1024 * 1024

export interface ProcessFigures {
  readonly pid: number
  readonly parent: number
  /** CPU time of the process and of the children that it has waited for. */
  readonly micros: number
}

/** Returns all processes of the machine; none where there is no /proc. */
export async function readProcesses(): Promise<ProcessFigures[]> {
  const names = await readdir('/proc').catch(() => [])
  const processes = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess))
  return processes.filter((process) => process !== undefined)
}

async function readProcess(name: string): Promise<ProcessFigures | undefined> {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  if (!fields) return undefined
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
  return { pid: Number(name), parent: Number(fields[1]), micros: (ticks / TICKS_PER_S) * 1_000_000 }
}

/** Returns the CPU time of a process and of all its live descendants, in microseconds. Linux only. */
export async function cpuMicrosOfTree(pid: number): Promise<number> {
  const processes = await readProcesses()
  const pids = new Set(treeOf(pid, { processes, apart: [] }))
  return processes.filter((process) => pids.has(process.pid)).reduce((sum, process) => sum + process.micros, 0)
}

/** CPU time of the whole machine since it started. */
export interface MachineTimes {
  readonly busyMicros: number
  readonly allMicros: number
}

/** Returns what the first line of /proc/stat says; undefined where there is none. */
export async function readMachineTimes(): Promise<MachineTimes | undefined> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => undefined)
  const [, ...ticks] = text?.split('\n', 1)[0]?.split(/\s+/) ?? []
  if (ticks.length === 0) return undefined
  const micros = ticks.slice(0, 8).map((count) => (Number(count) / TICKS_PER_S) * 1_000_000)
  const allMicros = micros.reduce((sum, one) => sum + one, 0)
  const [, , , idle = 0, waiting = 0] = micros
  return { busyMicros: allMicros - idle - waiting, allMicros }
}

export interface TreeOptions {
  readonly processes: readonly Pick<ProcessFigures, 'pid' | 'parent'>[]
  /** Roots of trees that are counted elsewhere. */
  readonly apart: readonly number[]
}

/** Returns the ids of a process and its descendants, without the trees that are counted apart. */
export function treeOf(root: number, { processes, apart }: TreeOptions): number[] {
  const children = processes.filter(({ pid, parent }) => parent === root && !apart.includes(pid))
  return [root, ...children.flatMap(({ pid }) => treeOf(pid, { processes, apart }))]
}

/** Returns the resident memory of a process, with its share of what it shares with others; 0 if it is not to be had. */
export async function residentMiB(pid: number): Promise<number> {
  const shared = await kibibytesIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m)
  const kibibytes = shared ?? (await kibibytesIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m)) ?? 0
  return (kibibytes * 1024) / MIB
}

async function kibibytesIn(file: string, pattern: RegExp): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const [, kibibytes] = pattern.exec(text) ?? []
  return kibibytes === undefined ? undefined : Number(kibibytes)
}
