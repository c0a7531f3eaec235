import { readFile, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { EmbeddedLog } from './embedded-log.ts'
import { askDataDirectory, ensureDatabase } from './embedded-connection.ts'
import { EmbeddedServerError } from './embedded-server-error.ts'
import { hasCode } from './system-error.ts'
import { launchPostmaster, type LaunchedPostmaster } from './launch-postmaster.ts'
import { identifyPostmaster, type PostmasterMatch } from './identify-postmaster.ts'
import { readPostmasterFile, type PostmasterFile } from './postmaster-file.ts'
import type { RunnableCluster } from './runnable-cluster.ts'

const POLL_MS = 50
const RETRY_PAUSE_MS = 150
const GIVE_UP_AFTER_MS = 20_000
const LOG_WAITING_AFTER_MS = 5000
const LOG_LINES_SHOWN = 8

/** A postmaster that takes connections. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly isAdopted: boolean
}

export interface BringUpOptions {
  readonly log: EmbeddedLog
  readonly signal: AbortSignal
  /** For a postmaster that is launched: `name=value`. */
  readonly settings: readonly string[]
  /** Called with each postmaster that is launched, before it can be used. */
  readonly onLaunch: (launched: LaunchedPostmaster) => void
  /** Called when a postmaster that we launched has ended, however long it ran. */
  readonly onExit: () => void
}

/**
 * Waits for the postmaster of the cluster, adopting a live one and launching one when there is none. Launching may be
 * refused for a while: backends of a killed postmaster still hold its shared memory, another process was faster, or the
 * port is taken. Rejects when it has been refused for 20 s. A recovery that is under way is waited for without limit.
 */
export async function bringUp(
  runnable: RunnableCluster,
  { log, signal, settings, onLaunch, onExit }: BringUpOptions,
): Promise<Postmaster> {
  const { cluster, logFile } = runnable
  const logWaiting = onceAfter(LOG_WAITING_AFTER_MS, () =>
    log.info({ cluster, logFile }, 'waiting for postgres, it may be recovering'),
  )
  let launched: LaunchedPostmaster | undefined
  let refusedSince: number | undefined
  try {
    for (;;) {
      signal.throwIfAborted()
      const file = await readPostmasterFile(cluster)
      const match = file ? await identifyPostmaster(file.pid, cluster) : 'none'
      const postmaster = file && match !== 'none' ? await probePostmaster(runnable, file, match) : undefined
      if (postmaster) return { ...postmaster, isAdopted: postmaster.pid !== launched?.pid }
      if (match === 'ours') refusedSince = undefined
      else if (!launched?.isAlive()) {
        if (launched) refusedSince = await pauseBeforeRetry(logFile, refusedSince, signal)
        launched = await launchPostmaster(runnable, { stalePid: file?.pid, settings, onExit })
        onLaunch(launched)
      }
      logWaiting()
      await delay(POLL_MS, undefined, { signal })
    }
  } catch (error) {
    await launched?.end()
    throw error
  }
}

/** Undefined until it accepts our password and names our cluster as its own. */
async function probePostmaster(
  { cluster, password }: RunnableCluster,
  { pid, port }: PostmasterFile,
  match: PostmasterMatch,
): Promise<{ pid: number; port: number } | undefined> {
  if (port === undefined) return undefined
  const answer = await askDataDirectory(password, port)
  if (answer.kind === 'wrong password' && match === 'ours')
    throw new EmbeddedServerError(
      `The PostgreSQL on ${cluster} (pid ${pid}) does not accept the password in tidings.password in that directory; ` +
        'restore the file, or give the role tidings that password',
    )
  if (answer.kind !== 'data directory' || (await realPathOf(answer.path)) !== cluster) return undefined
  await ensureDatabase(password, port)
  return { pid, port }
}

/** The cluster of another postmaster may be closed to us, or gone. */
const realPathOf = (path: string) => realpath(path).catch(() => path)

function onceAfter(afterMs: number, say: () => void): () => void {
  let sayAt = performance.now() + afterMs
  return () => {
    if (performance.now() < sayAt) return
    sayAt = Infinity
    say()
  }
}

/** Rests before the next launch. Returns since when launching is refused. */
async function pauseBeforeRetry(
  logFile: string,
  refusedSince: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  const now = performance.now()
  const since = refusedSince ?? now
  if (now - since > GIVE_UP_AFTER_MS)
    throw new EmbeddedServerError(`PostgreSQL did not start; the end of ${logFile}:\n${await endOf(logFile)}`)
  await delay(RETRY_PAUSE_MS, undefined, { signal })
  return since
}

async function endOf(logFile: string): Promise<string> {
  try {
    return (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
}
