import type { EmbeddedLog } from './embedded-log.ts'
import { bringUp, type BringUpOptions } from './bring-up.ts'
import type { LaunchedPostmaster } from './launch-postmaster.ts'
import { embeddedDatabaseUrl } from './embedded-connection.ts'
import { identifyPostmaster } from './identify-postmaster.ts'
import { keepRunning, type KeepRunning } from './keep-running.ts'
import { provideCluster, type RunnableCluster } from './runnable-cluster.ts'
import { shutDownPostmaster } from './shut-down-postmaster.ts'

export interface EmbeddedServerOptions {
  readonly dataDir: string
  readonly log: EmbeddedLog
  /** Of the server, beside our own: `name=value`. With a `port` the address stays the same over its lives. */
  readonly settings?: readonly string[]
}

/**
 * A PostgreSQL of our own, whose files live in the data directory and which outlives this process when that is killed.
 */
export interface EmbeddedServer {
  /** True after a start that has made the database. */
  readonly isFirstUse: boolean
  /** The postmaster that runs was started by us rather than adopted. */
  readonly isLaunched: boolean
  /**
   * Address of the database `tidings` as its superuser, password included. Changes when a killed postmaster comes back.
   * Throws before `start`.
   */
  url(): string
  /** Resolves when connections are taken. Throws an `EmbeddedServerError` when the operator has to change something. */
  start(): Promise<void>
  /** Stops supervising and shuts the postmaster down, also one that was adopted. */
  stop(): Promise<void>
  /** Stops supervising and lets the postmaster run: for a process that found out that another one uses the database. */
  detach(): Promise<void>
}

/** A cluster whose postmaster is kept up. */
interface Supervision {
  readonly supervisor: KeepRunning
  readonly pid: () => number
  readonly url: () => string
}

export function createEmbeddedServer({ dataDir, log, settings = [] }: EmbeddedServerOptions): EmbeddedServer {
  let starting: Promise<void> | undefined
  let runnable: RunnableCluster | undefined
  let supervision: Supervision | undefined
  let launched: LaunchedPostmaster | undefined
  let aborter = new AbortController()

  /** The process ends although nobody has stopped or left: a fault, or process.exit. */
  const killOnExit = () => launched?.beginShutdown()

  async function begin(signal: AbortSignal): Promise<void> {
    runnable = await provideCluster(dataDir, { log, signal })
    supervision = await supervise(runnable, {
      log,
      settings,
      signal,
      onLaunch: (postmaster) => void (launched = postmaster),
    })
  }

  async function start(): Promise<void> {
    if (!starting) {
      aborter = new AbortController()
      process.on('exit', killOnExit)
      starting = begin(aborter.signal)
    }
    await starting.catch((error: unknown) => {
      starting = undefined
      throw error
    })
  }

  /** Also ends a start that is under way, which then rejects. */
  async function endSupervision(): Promise<void> {
    aborter.abort()
    await starting?.catch(() => undefined)
    await supervision?.supervisor.stop()
    starting = undefined
  }

  async function detach(): Promise<void> {
    await endSupervision()
    process.off('exit', killOnExit)
  }

  async function stop(): Promise<void> {
    await endSupervision()
    if (!runnable) {
      process.off('exit', killOnExit)
      return
    }
    const { cluster } = runnable
    runnable = undefined
    await shutDownPostmaster(cluster, supervision?.pid())
    process.off('exit', killOnExit)
    log.info({ cluster }, 'postgres stopped')
  }

  return {
    get isFirstUse() {
      return runnable?.isFirstUse ?? false
    },
    get isLaunched() {
      return launched?.isAlive() ?? false
    },
    url() {
      if (!supervision) throw new Error('The embedded PostgreSQL has not been started')
      return supervision.url()
    },
    start,
    stop,
    detach,
  }
}

/** Brings a postmaster up and keeps one up from then on. */
async function supervise(
  runnable: RunnableCluster,
  { log, settings, signal, onLaunch }: Omit<BringUpOptions, 'onExit'>,
): Promise<Supervision> {
  const { cluster, password } = runnable
  // Set at the end, while a postmaster may exit before that.
  const running: { supervisor?: KeepRunning } = {}
  const options = { log, settings, onLaunch, onExit: () => running.supervisor?.wake() }
  let postmaster = await bringUp(runnable, { ...options, signal })
  let isGone = false
  log.info(
    { cluster, postgresPid: postmaster.pid, port: postmaster.port, isAdopted: postmaster.isAdopted },
    'postgres is running',
  )

  async function check(checkSignal: AbortSignal): Promise<void> {
    if ((await identifyPostmaster(postmaster.pid, cluster)) !== 'none') return
    if (!isGone) log.warn({ postgresPid: postmaster.pid }, 'postgres is gone, starting it again')
    isGone = true
    postmaster = await bringUp(runnable, { ...options, signal: checkSignal })
    isGone = false
    log.info(
      { cluster, postgresPid: postmaster.pid, port: postmaster.port, isAdopted: postmaster.isAdopted },
      'postgres is running again',
    )
  }

  const supervisor = keepRunning({ check, log })
  running.supervisor = supervisor
  return { supervisor, pid: () => postmaster.pid, url: () => embeddedDatabaseUrl(password, postmaster.port) }
}
