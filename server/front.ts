import { createApi } from './api/api.ts'
import { createAuthenticator } from './api/auth/caller.ts'
import { openTenants } from './api/auth/open-tenants.ts'
import { checkOwnSite } from './api/auth/own-site.ts'
import { openAdmins } from './api/admins/open-admins.ts'
import { MAX_CONNECTIONS } from './api/http.ts'
import { createSequencePublisher } from './api/test-sequences/publisher.ts'
import type { Broker } from './broker/broker.ts'
import { createLastCanary } from './canary/last-canary.ts'
import type { Config } from './config.ts'
import type { Databases } from './databases.ts'
import type { Log } from './log.ts'
import type { Publish } from './publish/publish.ts'
import { createReach } from './reach.ts'
import { createReadyChecks } from './readiness.ts'
import { openFilesLimit } from './runtime/open-files.ts'

export interface FrontParts {
  readonly config: Config
  readonly databases: Databases
  readonly broker: Broker
  readonly publish: Publish
  /** The database's clock. */
  readonly now: () => Date
  /** Between two events of a test sequence; the contract's unless given. */
  readonly sequenceIntervalMs: number | undefined
  readonly log: Log
}

/** The role that answers callers: the api, and what publishes for it. */
export interface Front {
  /** Rejects when what it needs is there and is wrong. */
  check(): Promise<void>
  /** Answers the address. */
  start(): Promise<string>
  stop(): Promise<void>
}

export async function createFront({ config, databases, broker, publish, now, sequenceIntervalMs, log }: FrontParts): Promise<Front> {
  const tenants = await openTenants(config, log)
  const sequences = createSequencePublisher({ db: databases.api, publish, now, intervalMs: sequenceIntervalMs, log })
  const api = createApi({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    ...config.subscriptions,
    db: databases.api,
    callbackDb: databases.callback,
    searchDb: databases.search,
    longListDb: databases.longLists,
    authenticator: createAuthenticator({ tenants, siteId: config.siteId, allowedServices: config.allowedServices, log }),
    admins: openAdmins(config, { tenants, log }),
    publish,
    sequences,
    checks: createReadyChecks({ tenants, siteId: config.siteId, db: databases.probes, broker }),
    trustedProxies: config.trustedProxies,
    maxConnections: await roomForConnections(),
    reach: createReach(config),
    lastCanary: createLastCanary({ db: databases.probes, isOn: config.canaryIntervalMs > 0 }),
    log,
  })
  return {
    check: () => checkOwnSite(tenants, config),
    async start() {
      for (const worker of [tenants, sequences]) worker.start()
      return api.start()
    },
    async stop() {
      await Promise.all([api.stop(), sequences.stop()])
      await tenants.stop()
    },
  }
}

/** Half of the files that the process may open stay for deliveries, the database and the broker. */
const roomForConnections = async () => Math.min(MAX_CONNECTIONS, Math.floor((await openFilesLimit()) / 2))
