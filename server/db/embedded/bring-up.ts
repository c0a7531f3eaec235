import { readFile, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { askDataDirectory, ensureDatabase } from './connection.ts'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from '../../runtime/error-code.ts'
import { launchPostmaster, type Launched } from './launch.ts'
import { likenessOf, type Likeness } from './likeness.ts'
import { readPostmasterFile, type PostmasterFile } from './postmaster-file.ts'
import type { RunnableCluster } from './runnable-cluster.ts'

const POLL_MS = 50
const REST_AFTER_REFUSAL_MS = 150
const GIVE_UP_AFTER_MS = 20_000
const SAY_SO_AFTER_MS = 5000
const SHOWN_LOG_LINES = 8

/** A postmaster that takes connections. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly isAdopted: boolean
}

export interface BringUpOptions {
  readonly log: Log
  readonly signal: AbortSignal
  /** For a postmaster that is launched: `name=value`. */
  readonly settings: readonly string[]
  /** Called with each postmaster that is launched, before it can be used. */
  readonly onLaunch: (launched: Launched) => void
  /** Called when a postmaster that we launched has ended, at once or years later. */
  readonly onExit: () => void
}

/**
 * Waits for the postmaster of the cluster, adopting a live one and launching one when there is none. Launching may be
 * refused for a while: backends of a killed postmaster still hold its shared memory, another process was faster, or the
 * port is taken. Rejects when it has been refused for 20 s. A recovery that is under way is waited for without limit.
 */
export async function bringUp(runnable: RunnableCluster, { log, signal, settings, onLaunch, onExit }: BringUpOptions): Promise<Postmaster> {
  const { cluster, logFile } = runnable
  const sayOnce = sayAfter(SAY_SO_AFTER_MS, () => log.info({ cluster, logFile }, 'waiting for postgres, it may be recovering'))
  let launched: Launched | undefined
  let refusedSince: number | undefined
  try {
    for (;;) {
      signal.throwIfAborted()
      const file = await readPostmasterFile(cluster)
      const likeness = file ? await likenessOf(file.pid, cluster) : 'none'
      const postmaster = file && likeness !== 'none' ? await reach(runnable, file, likeness) : undefined
      if (postmaster) return { ...postmaster, isAdopted: postmaster.pid !== launched?.pid }
      if (likeness === 'ours') refusedSince = undefined
      else if (!launched?.isAlive()) {
        if (launched) refusedSince = await refuse(logFile, refusedSince, signal)
        launched = await launchPostmaster(runnable, { stalePid: file?.pid, settings, onExit })
        onLaunch(launched)
      }
      sayOnce()
      await delay(POLL_MS, undefined, { signal })
    }
  } catch (error) {
    await launched?.end()
    throw error
  }
}

/** Undefined until it accepts our password and names our cluster as its own. */
async function reach({ cluster, password }: RunnableCluster, { pid, port }: PostmasterFile, likeness: Likeness): Promise<{ pid: number; port: number } | undefined> {
  if (port === undefined) return undefined
  const answer = await askDataDirectory(password, port)
  if (answer.kind === 'wrong password' && likeness === 'ours') throw new EmbeddedServerError(`The PostgreSQL on ${cluster} (pid ${pid}) does not take the password of tidings.password in that directory; put back the file as it was, or give the role tidings that password`)
  if (answer.kind !== 'data directory' || (await realPathOf(answer.path)) !== cluster) return undefined
  await ensureDatabase(password, port)
  return { pid, port }
}

/** The cluster of another postmaster may be closed to us, or gone. */
const realPathOf = (path: string) => realpath(path).catch(() => path)

function sayAfter(afterMs: number, say: () => void): () => void {
  let sayAt = performance.now() + afterMs
  return () => {
    if (performance.now() < sayAt) return
    sayAt = Infinity
    say()
  }
}

/** Rests before the next launch. Answers since when launching is refused. */
async function refuse(logFile: string, refusedSince: number | undefined, signal: AbortSignal): Promise<number> {
  const now = performance.now()
  const since = refusedSince ?? now
  if (now - since > GIVE_UP_AFTER_MS) throw new EmbeddedServerError(`PostgreSQL does not start; the end of ${logFile}:\n${await endOf(logFile)}`)
  await delay(REST_AFTER_REFUSAL_MS, undefined, { signal })
  return since
}

async function endOf(logFile: string): Promise<string> {
  try {
    return (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-SHOWN_LOG_LINES).join('\n')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
}
