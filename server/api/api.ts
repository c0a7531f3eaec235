import packageJson from '../package.json' with { type: 'json' }
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import type { Admins } from './admins/admins.ts'
import type { Authenticator } from './auth/caller.ts'
import { createEnvelopes, type BuildInfo } from './envelope.ts'
import { createEventOperations } from './events.ts'
import { createHttpServer, type HttpServer } from './http.ts'
import { createListOperations } from './lists/operations.ts'
import { createDocumentation } from './openapi/documentation.ts'
import { createRoutes } from './routes.ts'
import { createStatusOperations, type ReadyCheck } from './status.ts'
import { createSubscriptionAccess } from './subscriptions/access.ts'
import { createCreation } from './subscriptions/create.ts'
import { createSubscriptionOperations } from './subscriptions/operations.ts'
import { createPatching } from './subscriptions/patch.ts'
import type { Reach } from './subscriptions/warnings.ts'
import { createTestSequenceOperations } from './test-sequences/operations.ts'
import type { SequencePublisher } from './test-sequences/publisher.ts'

export interface ApiParts {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Base of the addresses that are handed out; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  /** Not only services change filters and targets. */
  readonly usersChangeFilters: boolean
  /** Of one subscription, when it is created or changed. */
  readonly maxTargets: number
  readonly db: Database
  /** For callers without a token. */
  readonly callbackDb: Database
  /** For lists and their totals. */
  readonly searchDb: Database
  /** For lists that are not held: MAX_LONG_LISTS connections. */
  readonly longListDb: Database
  readonly authenticator: Authenticator
  readonly admins: Admins
  readonly publish: Publish
  readonly sequences: Pick<SequencePublisher, 'publishNext'>
  readonly checks: readonly ReadyCheck[]
  readonly reach: Reach
  /** A sentence for the message of readycheck. */
  readonly lastCanary?: () => Promise<string>
  /** CIDR blocks of proxies in front. */
  readonly trustedProxies?: readonly string[] | undefined
  /** Open at the same moment. */
  readonly maxConnections?: number | undefined
  readonly log: Log
  readonly buildInfo?: Partial<BuildInfo>
}

/** The stage that speaks HTTP, from its parts. */
export function createApi(parts: ApiParts): HttpServer {
  const { host, port, publicUrl, usersChangeFilters, maxTargets, db, callbackDb, searchDb, longListDb, authenticator, admins, publish, sequences, checks, reach, lastCanary, trustedProxies, maxConnections, log, buildInfo } = parts
  const envelopes = createEnvelopes({ version: packageJson.version, commit: 'unknown', build: 'unknown', ...buildInfo })
  const access = createSubscriptionAccess({ admins })
  const operations = createRoutes({
    events: createEventOperations({ publish }),
    subscriptions: {
      ...createSubscriptionOperations({ db, access }),
      create: createCreation({ db, publicUrl, reach, maxTargets }),
      patch: createPatching({ db, access, publicUrl, reach, maxTargets, usersChangeFilters }),
    },
    lists: createListOperations({ db: searchDb, longListDb, access }),
    tests: createTestSequenceOperations({ db, callbackDb, publish, publisher: sequences, publicUrl, log }),
    status: createStatusOperations({ checks, lastCanary, envelopes }),
  })
  const routes = [...operations, ...createDocumentation({ publicUrl })]
  return createHttpServer({ host, port, routes, authenticator, envelopes, publicUrl, trustedProxies, maxConnections, log })
}
