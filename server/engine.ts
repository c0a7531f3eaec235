import { forgetInventedVariables, forgetLibpqVariables } from './db/libpq-environment.ts'
import { createEmbeddedServer, type EmbeddedServer } from './db/embedded/server.ts'
import { createInstanceLock, isInstanceLocked } from './db/instance-lock.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** The PostgreSQL behind the service: one of the operator's, or the embedded one. */
export interface Engine {
  /** Changes when an embedded server comes back on another port. */
  url(): string
  /** No other process can be on this database. */
  readonly isAlone: boolean
  /** Tells other processes that try where this one listens. */
  announce(address: string): Promise<void>
  close(): Promise<void>
}

export interface EngineParts {
  readonly config: Config
  readonly log: Log
  /** Another process has the data directory now: this one must stop. */
  readonly onLost: () => void
  /** Ends an opening that is under way, which then rejects. */
  readonly signal: AbortSignal
}

/**
 * The same database for a command that works beside the service: an embedded server that runs is used and left running, one
 * that does not is started for the while.
 */
export async function joinEngine({ config, log }: Pick<EngineParts, 'config' | 'log'>): Promise<Pick<Engine, 'url' | 'close'>> {
  const databaseUrl = addressOf(config)
  if (databaseUrl !== undefined) return { url: () => databaseUrl, close: () => Promise.resolve() }
  const server = createEmbeddedServer({ dataDir: config.dataDir, log })
  try {
    await server.start()
  } catch (error) {
    await stopUnlessTaken(server)
    throw error
  }
  return { url: server.url, close: () => stopUnlessTaken(server) }
}

/** Undefined: the embedded one. Clears the environment of what must not reach the connections that follow. */
function addressOf({ databaseUrl }: Config): string | undefined {
  if (databaseUrl === undefined) forgetLibpqVariables()
  else forgetInventedVariables()
  return databaseUrl
}

/** The postmaster belongs to the instance that holds the lock. Where that cannot be asked, it belongs to us if we have launched it. */
async function stopUnlessTaken(server: EmbeddedServer): Promise<void> {
  const isTaken = await askIsTaken(server).catch(() => !server.isLaunched)
  await (isTaken ? server.leave() : server.stop())
}

const askIsTaken = async (server: EmbeddedServer) => isInstanceLocked(server.url())

/** Starts or adopts the embedded server and takes its instance lock, unless DATABASE_URL names another. */
export async function openEngine({ config, log, onLost, signal }: EngineParts): Promise<Engine> {
  const databaseUrl = addressOf(config)
  if (databaseUrl !== undefined) return { url: () => databaseUrl, isAlone: false, announce: () => Promise.resolve(), close: () => Promise.resolve() }
  const server = createEmbeddedServer({ dataDir: config.dataDir, log })
  let address = ''
  let isLost = false
  const lock = createInstanceLock({ url: server.url, address: () => address, onLost: lose, log })

  function lose(): void {
    isLost = true
    onLost()
  }

  /** A recovery or somebody else's lock may be waited for long. */
  function giveUp(): void {
    for (const end of [lock.release(), server.leave()]) end.catch((error: unknown) => log.debug({ err: error }, 'ended by a failure'))
  }

  signal.throwIfAborted()
  signal.addEventListener('abort', giveUp)
  try {
    await server.start()
    await lock.acquire()
  } catch (error) {
    await stopUnlessTaken(server)
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
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
      await (isLost ? server.leave() : server.stop())
    },
  }
}
