import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startService, type ServiceProcess } from '@tidings/harness/service-process.ts'
import { VARIABLES } from '@tidings/server/config.ts'
import { shutDown } from '@tidings/server/db/embedded/shut-down.ts'

const RETRY_DELAYS_S = '0.5,1' // the last one repeats
const STOP_LIMIT_MS = 40_000
const LOG_LINES = 40
const NOBODY = 'http://127.0.0.1:9' // the port of discard, where nobody listens

/** The service under demonstration: a process of its own with its PostgreSQL, in a data directory that goes with it. */
export interface DemoService {
  readonly dataDir: string
  /** Where it listens now: a restart takes another port. While it is killed, an address where nobody listens. */
  url(): string
  /** The first start, or the one after a kill. */
  start(): Promise<void>
  /** kill -9: no warning, no clean-up. */
  kill(): Promise<void>
  /** The same for the service and its PostgreSQL at once. */
  killBoth(): Promise<void>
  /** Resolves when the service ends by itself. */
  ended(): Promise<void>
  /** The last lines of its log. */
  log(): readonly string[]
  /** Ends everything in order, whatever state it is in, and removes the data directory. */
  stop(): Promise<void>
}

export async function createDemoService(signal: AbortSignal): Promise<DemoService> {
  const dataDir = await makeDataDir()
  const lines: string[] = []
  let service: ServiceProcess | undefined
  let starting: Promise<void> | undefined
  let isStopped = false
  // A fault of the demo itself must not leave the service behind, which stops its PostgreSQL.
  process.on('exit', () => service?.signal('SIGTERM'))

  const running = (): ServiceProcess => {
    if (!service) throw new Error('the service does not run')
    return service
  }

  async function launch(): Promise<void> {
    service = await startService({
      dataDir,
      signal,
      env: { ...withoutSettings(), TAPIS_SERVICE_PORT: '0', TIDINGS_DATA_DIR: dataDir, TIDINGS_RETRY_DELAYS_S: RETRY_DELAYS_S },
      onLog: (line) => {
        if (lines.push(line) > LOG_LINES) lines.shift()
      },
    })
  }

  async function kill(alsoPid?: number): Promise<void> {
    const victim = running()
    victim.signal('SIGKILL')
    if (alsoPid !== undefined) process.kill(alsoPid, 'SIGKILL')
    await victim.end('SIGKILL')
    service = undefined
  }

  return {
    dataDir,
    url: () => service?.url ?? NOBODY,
    async start() {
      // The story may still be going on when the demo has already failed elsewhere.
      if (isStopped) throw new Error('the demo is over')
      starting = launch()
      await starting
    },
    kill: () => kill(),
    killBoth: async () => kill(await running().postgresPid()),
    ended: () => running().exited,
    log: () => lines,
    async stop() {
      isStopped = true
      await starting?.catch(() => undefined) // whoever started it was told
      if (service) await endInOrder(service)
      await removeCluster(join(dataDir, 'postgres'))
      await remove(dataDir)
    },
  }
}

async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-demo-'))
  // Started by root, PostgreSQL runs under another account, which must be able to enter.
  if (process.getuid?.() === 0) await chmod(dataDir, 0o755)
  return dataDir
}

/** Settings of whoever runs the demo must not lead it to their database or their tenants. */
const withoutSettings = () => Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, undefined]))

async function endInOrder(service: ServiceProcess): Promise<void> {
  const limit = new AbortController()
  const ended = service.end('SIGTERM')
  await Promise.race([ended, delay(STOP_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined)])
  limit.abort()
  await service.end('SIGKILL')
}

/** A killed service leaves its PostgreSQL running; and the files may lie elsewhere, behind a symlink (server/db/embedded/create-cluster.ts). */
async function removeCluster(name: string): Promise<void> {
  const cluster = await realpath(name).catch(() => undefined) // there is none when the first start was cut short
  if (cluster === undefined) return
  await shutDown(cluster, undefined)
  await remove(cluster)
}

/** The backends of a killed postmaster may still write for a moment. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
