import packageJson from '../package.json' with { type: 'json' }
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import type { Authenticator } from './auth/caller.ts'
import { createEnvelopes, type BuildInfo } from './envelope.ts'
import { createEventOperations } from './events.ts'
import { createHttpServer, type HttpServer } from './http.ts'
import { createRoutes } from './routes.ts'
import { createStatusOperations, type ReadyCheck } from './status.ts'
import { createCreation } from './subscription-creation.ts'
import { createListing } from './subscription-list.ts'
import { createSubscriptionOperations } from './subscription-operations.ts'

export interface ApiParts {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Base of the addresses that are handed out; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  readonly db: Database
  readonly authenticator: Authenticator
  readonly publish: Publish
  readonly checks: readonly ReadyCheck[]
  readonly log: Log
  readonly buildInfo?: Partial<BuildInfo>
}

/** The stage that speaks HTTP, from its parts. */
export function createApi({ host, port, publicUrl, db, authenticator, publish, checks, log, buildInfo }: ApiParts): HttpServer {
  const envelopes = createEnvelopes({ version: packageJson.version, commit: 'unknown', build: 'unknown', ...buildInfo })
  const routes = createRoutes({
    events: createEventOperations({ publish }),
    subscriptions: { ...createSubscriptionOperations({ db }), create: createCreation({ db, publicUrl }), list: createListing({ db }) },
    status: createStatusOperations({ checks, envelopes }),
  })
  return createHttpServer({ host, port, routes, authenticator, envelopes, log })
}
