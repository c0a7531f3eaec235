import { dropPgOnlyVariables, dropLibpqVariables } from '../db/libpq-environment.ts'
import { createEmbeddedServer, type EmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { endFormerSessions } from '../db/end-former-sessions.ts'
import { createInstanceLock, isInstanceLocked } from '../db/instance-lock.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../log.ts'
import { POOL_SETTINGS } from './pools.ts'

/** The PostgreSQL behind the service: one of the operator's, or the embedded one. */
export interface Postgres {
  /** Changes when an embedded server comes back on another port. */
  url(): string
  /** No other process can be on this database. */
  readonly isAlone: boolean
  /** Tells other processes that try to start where this one listens. */
  announce(address: string): Promise<void>
  close(): Promise<void>
}

/** As `createDatabase` names their sessions. */
const POOL_NAMES = Object.keys(POOL_SETTINGS).map((name) => `tidings ${name}`)

export interface PostgresDeps {
  readonly config: Config
  readonly log: Log
  /** Another process has the data directory now: this one must stop. */
  readonly onLost: () => void
  /** Ends an opening that is under way, which then rejects. */
  readonly signal: AbortSignal
}

/**
 * Opens the same database for a command beside the service: a running embedded server is used and left running; one
 * that does not run is started, and stopped afterwards.
 */
export async function attachPostgres({
  config,
  log,
}: Pick<PostgresDeps, 'config' | 'log'>): Promise<Pick<Postgres, 'url' | 'close'>> {
  const databaseUrl = configuredUrl(config)
  if (databaseUrl !== undefined) return { url: () => databaseUrl, close: () => Promise.resolve() }
  const server = createEmbeddedServer({ dataDir: config.dataDir, log })
  try {
    await server.start()
  } catch (error) {
    await stopUnlessInUse(server)
    throw error
  }
  return { url: server.url, close: () => stopUnlessInUse(server) }
}

/** Undefined: the embedded one. Clears the environment of what must not reach the connections that follow. */
function configuredUrl({ databaseUrl }: Config): string | undefined {
  if (databaseUrl === undefined) dropLibpqVariables()
  else dropPgOnlyVariables()
  return databaseUrl
}

/**
 * The postmaster belongs to the instance that holds the lock. Where that cannot be asked, it belongs to us if we have
 * launched it.
 */
async function stopUnlessInUse(server: EmbeddedServer): Promise<void> {
  const isUsed = await isInUse(server).catch(() => !server.isLaunched)
  await (isUsed ? server.detach() : server.stop())
}

const isInUse = async (server: EmbeddedServer) => isInstanceLocked(server.url())

/** Starts or adopts the embedded server and takes its instance lock, unless DATABASE_URL names another. */
export async function openPostgres({ config, log, onLost, signal }: PostgresDeps): Promise<Postgres> {
  const databaseUrl = configuredUrl(config)
  if (databaseUrl !== undefined)
    return { url: () => databaseUrl, isAlone: false, announce: () => Promise.resolve(), close: () => Promise.resolve() }
  const server = createEmbeddedServer({ dataDir: config.dataDir, log })
  let address = ''
  let isLost = false
  const lock = createInstanceLock({ url: server.url, address: () => address, onLost: onLockLost, log })

  function onLockLost(): void {
    isLost = true
    onLost()
  }

  /** A recovery, or the lock of another process, may take long. */
  function abort(): void {
    for (const end of [lock.release(), server.detach()])
      end.catch((error: unknown) => log.debug({ err: error }, 'ended by a failure'))
  }

  signal.throwIfAborted()
  signal.addEventListener('abort', abort)
  try {
    await server.start()
    await lock.acquire()
    const ended = await endFormerSessions(server.url(), POOL_NAMES)
    if (ended > 0) log.info({ ended }, 'ended sessions that a killed process has left')
  } catch (error) {
    await stopUnlessInUse(server)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return {
    url: server.url,
    isAlone: true,
    async announce(where) {
      address = where
      await lock.announce()
    },
    async close() {
      await lock.release()
      await (isLost ? server.detach() : server.stop())
    },
  }
}
