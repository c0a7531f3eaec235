import { spawn, type ChildProcess } from 'node:child_process'
import { open, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { within } from '../../runtime/deadline.ts'
import { hasCode } from '../../runtime/error-code.ts'
import { PROGRAM_DIR, PROGRAM_ENV } from './program.ts'
import type { RunnableCluster } from './runnable-cluster.ts'

/** A shutdown that takes longer is made an immediate one, which costs a recovery and no data. */
const FAST_MS = 20_000
const MAX_LOG_BYTES = 16 * 1024 * 1024

/** A postmaster that this process has started. It may still refuse and end. */
export interface Launched {
  readonly pid: number | undefined
  isAlive(): boolean
  /** Fast shutdown, without waiting for it. */
  kill(): void
  /** The same; resolves when it is gone. */
  end(): Promise<void>
}

export interface LaunchOptions {
  /** The pid in postmaster.pid, known not to be a postmaster of this cluster. */
  readonly stalePid: number | undefined
  /** `name=value`; they come after our own, and the last one of a name counts. */
  readonly settings: readonly string[]
  readonly onExit: () => void
}

/** Starts a postmaster in a session of its own, so that neither Ctrl-C nor our end stops it, on a port that is free now unless the settings name one. */
export async function launchPostmaster({ cluster, user, postgres, logFile }: RunnableCluster, { stalePid, settings: given, onExit }: LaunchOptions): Promise<Launched> {
  const settings = ['listen_addresses=127.0.0.1', `port=${await findFreePort()}`, 'unix_socket_directories=', 'logging_collector=off', ...given]
  await rotate(logFile)
  const output = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(postgres, ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])], {
      ...user,
      cwd: PROGRAM_DIR,
      env: { ...PROGRAM_ENV, ...pardon(stalePid) },
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
 * A postmaster takes a postmaster.pid whose pid is alive for another postmaster's, unless it is the pid of its parent or,
 * by this variable of pg_ctl, grandparent. So a pid that went to another program does not keep it from starting, and
 * nobody has to remove the file; what remains is its second guard, the shared memory that the backends hold.
 */
const pardon = (stalePid: number | undefined) => (stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) })

function watch(child: ChildProcess, onExit: () => void): Launched {
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
    kill: () => send('SIGINT'),
    async end() {
      send('SIGINT')
      if (await within(FAST_MS, gone)) return
      send('SIGQUIT')
      await gone
    },
  }
}

/** Another process may take the port before the postmaster does, which then ends; the next try has another port. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
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
