import { readFile } from 'node:fs/promises'

/** How many files and connections this process may have open; Infinity where the system does not say (Linux does). */
export async function openFilesLimit(): Promise<number> {
  return limitOf(await readFile('/proc/self/limits', 'utf8').catch(() => ''))
}

/** The soft limit, which is in force. */
export function limitOf(limits: string): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? Infinity : Number(soft)
}
