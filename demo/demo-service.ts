import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService, type ServiceProcess } from '@tidings/harness/service-process.ts'
import { VARIABLES } from '@tidings/server/config/variables.ts'
import { within } from '@tidings/server/runtime/within.ts'
import { shutDownPostmaster } from '@tidings/embedded-postgres/shut-down-postmaster.ts'

const RETRY_DELAYS_S = '0.5,1' // the last one repeats
const STOP_LIMIT_MS = 40_000
const LOG_LINES = 40
const UNREACHABLE_URL = 'http://127.0.0.1:9' // the discard port, where nothing listens

/**
 * The service in the demo: a process of its own with its PostgreSQL, in a data directory that is removed afterwards.
 */
export interface DemoService {
  readonly dataDir: string
  /** Returns its current address: a restart takes another port. While it is down, an address where nothing listens. */
  url(): string
  /** Starts it, the first time or after a kill. */
  start(): Promise<void>
  /** Kills it with SIGKILL: no warning, no clean-up. */
  kill(): Promise<void>
  /** Kills the service and its PostgreSQL at once. */
  killBoth(): Promise<void>
  /** Resolves when the service ends by itself. */
  ended(): Promise<void>
  /** Returns the last lines of its log. */
  log(): readonly string[]
  /** Shuts everything down gracefully, whatever its state, and removes the data directory. */
  stop(): Promise<void>
}

export async function createDemoService(signal: AbortSignal): Promise<DemoService> {
  const dataDir = await makeDataDir()
  const lines: string[] = []
  let service: ServiceProcess | undefined
  let starting: Promise<void> | undefined
  let isStopped = false
  // A crash of the demo itself must not leave the service behind, which in turn stops its PostgreSQL.
  process.on('exit', () => service?.signal('SIGTERM'))

  const running = (): ServiceProcess => {
    if (!service) throw new Error('the service does not run')
    return service
  }

  async function launch(): Promise<void> {
    service = await startService({
      dataDir,
      signal,
      env: {
        ...withoutSettings(),
        TAPIS_SERVICE_PORT: '0',
        TIDINGS_DATA_DIR: dataDir,
        TIDINGS_RETRY_DELAYS_S: RETRY_DELAYS_S,
      },
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
    url: () => service?.url ?? UNREACHABLE_URL,
    async start() {
      // A fault may still be in progress after the demo has failed elsewhere.
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
      await starting?.catch(() => undefined) // its caller got the error
      if (service) await shutDown(service)
      await removeCluster(join(dataDir, 'postgres'))
      await remove(dataDir)
    },
  }
}

async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-demo-'))
  // If root starts it, PostgreSQL runs under another account, which needs access.
  if (process.getuid?.() === 0) await chmod(dataDir, 0o755)
  return dataDir
}

/** Removes the caller's settings, which must not lead the demo to their database or their tenants. */
const withoutSettings = () => Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, undefined]))

async function shutDown(service: ServiceProcess): Promise<void> {
  await within(STOP_LIMIT_MS, service.end('SIGTERM'))
  await service.end('SIGKILL')
}

/**
 * Stops the PostgreSQL that a killed service leaves running, and removes its files, which may be elsewhere, behind a
 * symlink (embedded-postgres/create-cluster.ts).
 */
async function removeCluster(name: string): Promise<void> {
  const cluster = await realpath(name).catch(() => undefined) // missing if the first start was cut short
  if (cluster === undefined) return
  await shutDownPostmaster(cluster, undefined)
  await remove(cluster)
}

/** Retries, because the backends of a killed postmaster may still write for a moment. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
