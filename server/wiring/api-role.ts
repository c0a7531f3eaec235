import { createApi } from '../api/api.ts'
import { createAuthenticator } from '../api/auth/caller.ts'
import { openTenants } from '../api/auth/tenants/open-tenants.ts'
import { checkOwnSite } from '../api/auth/tenants/own-site.ts'
import { openAdmins } from '../api/admins/open-admins.ts'
import { MAX_CONNECTIONS } from '../api/http/http-server.ts'
import { createSequencePublisher } from '../api/test-sequences/sequence-publisher.ts'
import type { Broker } from '../broker/broker.ts'
import { createLastCanary } from '../canary/last-canary.ts'
import type { Config } from '../config/config.ts'
import type { Pools } from './pools.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import { createReachability } from './reachability.ts'
import { createReadyChecks } from './readiness.ts'
import { openFilesLimit } from '../runtime/open-files.ts'

export interface ApiRoleDeps {
  readonly config: Config
  readonly pools: Pools
  readonly broker: Broker
  readonly publish: Publish
  /** The database's clock. */
  readonly now: () => Date
  /** Between two events of a test sequence; 3 s unless given (protocol 7.1). */
  readonly sequenceIntervalMs: number | undefined
  readonly log: Log
}

/** The role that answers callers: the api, and what publishes for it. */
export interface ApiRole {
  /** Rejects when what it needs is there and is wrong. */
  check(): Promise<void>
  /** Returns the address. */
  start(): Promise<string>
  stop(): Promise<void>
}

export async function createApiRole({
  config,
  pools,
  broker,
  publish,
  now,
  sequenceIntervalMs,
  log,
}: ApiRoleDeps): Promise<ApiRole> {
  const tenants = await openTenants(config, log)
  const sequences = createSequencePublisher({ db: pools.api, publish, now, intervalMs: sequenceIntervalMs, log })
  const api = createApi({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    ...config.subscriptions,
    db: pools.api,
    callbackDb: pools.callback,
    searchDb: pools.search,
    longListDb: pools.longLists,
    authenticator: createAuthenticator({
      tenants,
      siteId: config.siteId,
      allowedServices: config.allowedServices,
      log,
    }),
    admins: openAdmins(config, { tenants, log }),
    publish,
    publishQuotas: config.publishQuotas,
    sequences,
    checks: createReadyChecks({ tenants, siteId: config.siteId, db: pools.probes, broker }),
    trustedProxies: config.trustedProxies,
    maxConnections: await connectionLimit(),
    reach: createReachability(config),
    lastCanary: createLastCanary({ db: pools.probes, isOn: config.canaryIntervalMs > 0 }),
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
const connectionLimit = async () => Math.min(MAX_CONNECTIONS, Math.floor((await openFilesLimit()) / 2))
