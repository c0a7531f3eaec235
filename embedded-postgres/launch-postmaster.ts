import { spawn, type ChildProcess } from 'node:child_process'
import { open, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from './system-error.ts'
import { PROGRAM_DIR, PROGRAM_ENV } from './run-program.ts'
import type { RunnableCluster } from './runnable-cluster.ts'

/**
 * A fast shutdown (SIGINT) that takes longer becomes an immediate one (SIGQUIT): the next start recovers, and no data
 * are lost. Only a start that failed or was cancelled ends like this; `shutDownPostmaster` has more time for a
 * postmaster in use.
 */
const FAST_SHUTDOWN_MS = 20_000
const MAX_LOG_BYTES = 16 * 1024 * 1024

/** A postmaster that this process has started. It may still fail to start, and exit. */
export interface LaunchedPostmaster {
  /** Undefined when it could not be spawned. */
  readonly pid: number | undefined
  isAlive(): boolean
  /** Begins a fast shutdown and returns at once: for a handler of `exit`. */
  beginShutdown(): void
  /** Shuts it down, if need be immediately, and resolves when it is gone. */
  end(): Promise<void>
}

export interface LaunchOptions {
  /** The pid in postmaster.pid, known not to be a postmaster of this cluster. */
  readonly stalePid: number | undefined
  /** `name=value`; they come after our own, and the last one of a name counts. */
  readonly settings: readonly string[]
  readonly onExit: () => void
}

/**
 * Starts a postmaster in a session of its own: Ctrl-C in the terminal does not reach it, and it outlives this process
 * when that is killed. Its port is the one in the settings, or else one that is free at this moment.
 */
export async function launchPostmaster(
  { cluster, user, postgres, logFile }: RunnableCluster,
  { stalePid, settings: given, onExit }: LaunchOptions,
): Promise<LaunchedPostmaster> {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${await findFreePort()}`,
    'unix_socket_directories=', // TCP only
    'logging_collector=off', // it writes to stderr, which is our file
    ...given,
  ]
  await rotate(logFile)
  const output = await open(logFile, 'a', 0o600)
  try {
    // `identifyPostmaster` recognises `/postgres -D <cluster> ` in the command line: -D stays first.
    const child = spawn(postgres, ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])], {
      ...user,
      cwd: PROGRAM_DIR,
      env: { ...PROGRAM_ENV, ...exemptStalePid(stalePid) },
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    })
    child.unref()
    return watch(child, onExit)
  } finally {
    await output.close()
  }
}

/**
 * A postmaster does not start while the pid in postmaster.pid is alive, unless it is that of its parent, or of its
 * grandparent, which pg_ctl names in this variable. A stale pid that another program has now is therefore named as the
 * grandparent, and nobody has to remove the file. The second guard stays: backends of a killed postmaster hold its
 * shared memory.
 */
const exemptStalePid = (stalePid: number | undefined) =>
  stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) }

function watch(child: ChildProcess, onExit: () => void): LaunchedPostmaster {
  let isAlive = true
  const gone = new Promise<void>((resolve) => {
    const ended = () => {
      isAlive = false
      onExit()
      resolve()
    }
    child.once('exit', ended)
    child.once('error', ended)
  })
  const send = (name: NodeJS.Signals) => {
    if (isAlive) child.kill(name)
  }
  return {
    pid: child.pid,
    isAlive: () => isAlive,
    beginShutdown: () => send('SIGINT'),
    async end() {
      send('SIGINT')
      await waitAtMost(FAST_SHUTDOWN_MS, gone)
      if (!isAlive) return
      send('SIGQUIT')
      await gone
    },
  }
}

/** Resolves when `gone` does, after `ms` at the latest, and leaves no timer behind. */
async function waitAtMost(ms: number, gone: Promise<void>): Promise<void> {
  const cancelling = new AbortController()
  const late = delay(ms, undefined, { signal: cancelling.signal }).catch(() => undefined)
  await Promise.race([gone, late])
  cancelling.abort()
}

/** Another process may take the port first. The postmaster then exits, and `bringUp` launches one on another port. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** One former file is kept. Only between two postmasters, because a running one holds the file open. */
async function rotate(logFile: string): Promise<void> {
  try {
    const { size } = await stat(logFile)
    if (size > MAX_LOG_BYTES) await rename(logFile, `${logFile}.1`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
