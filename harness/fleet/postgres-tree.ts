import { readFile } from 'node:fs/promises'
import { hasCode } from '@tidings/server/runtime/error-code.ts'

/** Returns the ids of the postmaster and of every process that it has started (Linux, proc(5): task/tid/children). */
export async function postgresTree(postmasterPid: number): Promise<number[]> {
  const children = await readFile(`/proc/${postmasterPid}/task/${postmasterPid}/children`, 'utf8')
  return [
    postmasterPid,
    ...children
      .split(' ')
      .map(Number)
      .filter((pid) => pid > 0),
  ]
}

/** Sends SIGKILL to all in one tick. Ignores processes that have ended meanwhile. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error
    }
  }
}
