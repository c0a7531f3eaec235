import type { Log } from '../../log.ts'
import { createLoop, type WakeableWorker } from '../../runtime/loop.ts'
import { bringUp, type BringUpOptions } from './bring-up.ts'
import type { Launched } from './launch.ts'
import { urlOf } from './connection.ts'
import { likenessOf } from './likeness.ts'
import { provideCluster, type RunnableCluster } from './runnable-cluster.ts'
import { shutDown } from './shut-down.ts'

const LOOK_EVERY_MS = 250

export interface EmbeddedServerParts {
  readonly dataDir: string
  readonly log: Log
  /** Of the server, beside our own: `name=value`. With a `port` the address stays the same over its lives. */
  readonly settings?: readonly string[]
}

/** A PostgreSQL of our own, whose files live in the data directory and which outlives this process when that is killed. */
export interface EmbeddedServer {
  /** True after a start that has made the database. */
  readonly isFirstUse: boolean
  /** The postmaster that runs was started by us rather than adopted. */
  readonly isLaunched: boolean
  /** Address of the database `tidings` as its superuser, password included. Changes when a killed postmaster comes back. Throws before `start`. */
  url(): string
  /** Resolves when connections are taken. Throws an `EmbeddedServerError` when the operator has to change something. */
  start(): Promise<void>
  /** Stops supervising and shuts the postmaster down, also one that was adopted. */
  stop(): Promise<void>
  /** Stops supervising and lets the postmaster run: for a process that found out that another one uses the database. */
  leave(): Promise<void>
}

/** A cluster whose postmaster is kept up. */
interface Supervision {
  readonly supervisor: WakeableWorker
  readonly pid: () => number
  readonly url: () => string
}

export function createEmbeddedServer({ dataDir, log, settings = [] }: EmbeddedServerParts): EmbeddedServer {
  let starting: Promise<void> | undefined
  let runnable: RunnableCluster | undefined
  let supervision: Supervision | undefined
  let launched: Launched | undefined
  let aborter = new AbortController()

  /** The process ends although nobody has stopped or left: a fault, or process.exit. */
  const lastResort = () => launched?.kill()

  async function begin(signal: AbortSignal): Promise<void> {
    runnable = await provideCluster(dataDir, { log, signal })
    supervision = await supervise(runnable, { log, settings, signal, onLaunch: (postmaster) => void (launched = postmaster) })
  }

  async function start(): Promise<void> {
    if (!starting) {
      aborter = new AbortController()
      process.on('exit', lastResort)
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

  async function leave(): Promise<void> {
    await endSupervision()
    process.off('exit', lastResort)
  }

  async function stop(): Promise<void> {
    await endSupervision()
    if (!runnable) {
      process.off('exit', lastResort)
      return
    }
    const { cluster } = runnable
    runnable = undefined
    await shutDown(cluster, supervision?.pid())
    process.off('exit', lastResort)
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
    leave,
  }
}

/** Brings a postmaster up and keeps one up from then on. */
async function supervise(runnable: RunnableCluster, { log, settings, signal, onLaunch }: Omit<BringUpOptions, 'onExit'>): Promise<Supervision> {
  const { cluster, password } = runnable
  const supervisor = createLoop({ name: 'postgres', log, turn })
  const options = { log, settings, onLaunch, onExit: () => supervisor.wake() }
  let postmaster = await bringUp(runnable, { ...options, signal })
  let isGone = false
  log.info({ cluster, postgresPid: postmaster.pid, port: postmaster.port, isAdopted: postmaster.isAdopted }, 'postgres runs')

  async function turn(turnSignal: AbortSignal): Promise<number> {
    if ((await likenessOf(postmaster.pid, cluster)) !== 'none') return LOOK_EVERY_MS
    if (!isGone) log.warn({ postgresPid: postmaster.pid }, 'postgres is gone, starting it again')
    isGone = true
    postmaster = await bringUp(runnable, { ...options, signal: turnSignal })
    isGone = false
    log.info({ cluster, postgresPid: postmaster.pid, port: postmaster.port, isAdopted: postmaster.isAdopted }, 'postgres runs again')
    return LOOK_EVERY_MS
  }

  supervisor.start()
  return { supervisor, pid: () => postmaster.pid, url: () => urlOf(password, postmaster.port) }
}
