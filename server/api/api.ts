import type { BuildInfo } from '@tidings/contract/envelope.ts'
import packageJson from '../package.json' with { type: 'json' }
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { PublishQuotas } from '../config/publish-quotas.ts'
import type { Publish } from '../publish/publish.ts'
import type { Admins } from './admins/admins.ts'
import type { Authenticator } from './auth/caller.ts'
import { createPublishQuota } from './events/publish-quota.ts'
import { createEnvelopeWriter } from './http/response/envelope-writer.ts'
import { createHttpServer, type HttpServer } from './http/http-server.ts'
import { createListSubscriptions } from './lists/list-subscriptions.ts'
import { createDocumentation } from './openapi/documentation.ts'
import { createRoutes } from './routes.ts'
import { createStatus, type ReadyCheck } from './status/status.ts'
import { createSubscriptionAccess } from './subscriptions/subscription-access.ts'
import type { DeliveryReach } from './subscriptions/subscription-warnings.ts'
import { createSequenceCallback } from './test-sequences/sequence-callback.ts'
import type { SequencePublisher } from './test-sequences/sequence-publisher.ts'

export interface ApiDeps {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Base of the addresses in responses; undefined: the one under which the caller reached the service. */
  readonly publicUrl: string | undefined
  /** Users, too, may change filters and targets. */
  readonly usersChangeFilters: boolean
  /** The maximum of one subscription, when it is created or changed. */
  readonly maxTargets: number
  readonly db: Database
  /** For callers without a token. */
  readonly callbackDb: Database
  /** For lists and their totals. */
  readonly searchDb: Database
  /** For lists too long to be buffered: MAX_LONG_LISTS connections. */
  readonly longListDb: Database
  readonly authenticator: Authenticator
  readonly admins: Admins
  readonly publish: Publish
  /** Of events; undefined: nobody has one. */
  readonly publishQuotas?: PublishQuotas | undefined
  readonly sequences: Pick<SequencePublisher, 'publishNext'>
  readonly checks: readonly ReadyCheck[]
  readonly reach: DeliveryReach
  /** A sentence for the message of readycheck. */
  readonly lastCanary?: () => Promise<string>
  /** CIDR blocks of proxies in front of the service. */
  readonly trustedProxies?: readonly string[] | undefined
  /** Open at the same moment. */
  readonly maxConnections?: number | undefined
  readonly log: Log
  readonly buildInfo?: Partial<BuildInfo>
}

/** Creates the stage that speaks HTTP, from its parts. */
export function createApi({
  callbackDb,
  searchDb,
  longListDb,
  admins,
  checks,
  lastCanary,
  buildInfo,
  host,
  port,
  authenticator,
  trustedProxies,
  maxConnections,
  publishQuotas,
  ...shared
}: ApiDeps): HttpServer {
  const { publicUrl, log } = shared
  const envelopes = createEnvelopeWriter({
    version: packageJson.version,
    commit: 'unknown',
    build: 'unknown',
    ...buildInfo,
  })
  const access = createSubscriptionAccess({ admins })
  const routes = createRoutes({
    ...shared,
    access,
    quota: createPublishQuota({ quotas: publishQuotas, log }),
    list: createListSubscriptions({ db: searchDb, longListDb, access }),
    status: createStatus({ checks, lastCanary, envelopes }),
    callback: createSequenceCallback({ db: callbackDb }),
  })
  return createHttpServer({
    host,
    port,
    routes: [...routes, ...createDocumentation({ publicUrl })],
    authenticator,
    envelopes,
    publicUrl,
    trustedProxies,
    maxConnections,
    log,
  })
}
