import { readdir, readFile } from 'node:fs/promises'

/** Clock ticks per second of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100

/** CPU time of a process and of all its descendants that live, in microseconds. Linux only. */
export async function cpuMicrosOfTree(pid: number): Promise<number> {
  const stats = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(readStat))
  const processes = stats.filter((stat) => stat !== undefined)
  const tree = new Set([pid])
  for (let size = 0; size !== tree.size;) {
    size = tree.size
    for (const process of processes) if (tree.has(process.parent)) tree.add(process.pid)
  }
  return processes.filter((process) => tree.has(process.pid)).reduce((sum, process) => sum + process.micros, 0)
}

async function readStat(name: string): Promise<{ pid: number; parent: number; micros: number } | undefined> {
  const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  if (!fields) return undefined
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
  return { pid: Number(name), parent: Number(fields[1]), micros: (ticks / TICKS_PER_S) * 1_000_000 }
}
