import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from './system-error.ts'
import { identifyPostmaster } from './identify-postmaster.ts'
import { readPostmasterFile } from './postmaster-file.ts'

const POLL_MS = 20
const FAST_MS = 60_000
const IMMEDIATE_MS = 10_000

/**
 * Stops the postmaster of the cluster, if there is one, and resolves when it is gone. Fast: sessions are ended and a
 * checkpoint is written. Should that take more than a minute: immediate, which costs a recovery at the next start and
 * no data. A process that only may be the postmaster is left alone, unless it was found to be it before (`knownPid`).
 */
export async function shutDownPostmaster(cluster: string, knownPid: number | undefined): Promise<void> {
  const file = await readPostmasterFile(cluster)
  const match = file ? await identifyPostmaster(file.pid, cluster) : 'none'
  if (!file || match === 'none' || (match === 'maybe' && file.pid !== knownPid)) return
  if (await endsWithin(FAST_MS, file.pid, cluster, 'SIGINT')) return
  if (await endsWithin(IMMEDIATE_MS, file.pid, cluster, 'SIGQUIT')) return
  throw new Error(`postgres did not stop, pid ${file.pid}`)
}

async function endsWithin(limitMs: number, pid: number, cluster: string, signal: NodeJS.Signals): Promise<boolean> {
  const deadline = performance.now() + limitMs
  send(pid, signal)
  while (performance.now() < deadline) {
    if (await isGone(pid, cluster)) return true
    await delay(POLL_MS)
  }
  return false
}

const isGone = async (pid: number, cluster: string) => (await identifyPostmaster(pid, cluster)) === 'none'

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}
