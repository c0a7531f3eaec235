import { readFile } from 'node:fs/promises'
import { hasCode } from '@tidings/server/runtime/error-code.ts'

/** The postmaster and every process that it has started, by their ids (Linux, proc(5): task/tid/children). */
export async function postgresTree(postmasterPid: number): Promise<number[]> {
  const children = await readFile(`/proc/${postmasterPid}/task/${postmasterPid}/children`, 'utf8')
  return [postmasterPid, ...children.split(' ').map(Number).filter((pid) => pid > 0)]
}

/** kill -9, all in one tick. A backend that has ended by itself since is passed over. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error
    }
  }
}
