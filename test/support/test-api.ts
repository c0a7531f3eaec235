import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest'
import type { Envelope } from '@tidings/contract/envelope.ts'
import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import { AppError } from '@tidings/server/api/errors.ts'
import { createApi, type ApiDeps } from '@tidings/server/api/api.ts'
import type { Authenticator, Caller } from '@tidings/server/api/auth/caller.ts'
import { createSequencePublisher } from '@tidings/server/api/test-sequences/sequence-publisher.ts'
import { createReachability } from '@tidings/server/wiring/reachability.ts'
import { createLog } from '@tidings/server/log.ts'
import type { Publish } from '@tidings/server/publish/publish.ts'
import type { PublishContext } from '@tidings/server/publish/publish-context.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { removeAllSubscriptions } from './stored-state.ts'

export const EVENT_UUID = '6f1c1c9e-0a39-4f5e-9d0e-2f8f3f0f7a11'

/** What the api handed to the next stage. */
export interface Published {
  readonly event?: EventInput
  readonly series?: EventSeries
  readonly context: PublishContext
}

export interface ApiUnderTest {
  readonly address: string
  readonly db: TestDatabase
  readonly published: Published[]
  /** As service jobs for jdoe in dev, unless headers say otherwise. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>
  stop(): Promise<void>
}

type Body = NonNullable<RequestInit['body']>

export interface CallOptions {
  readonly as?: 'service' | 'user' | 'nobody'
  readonly user?: string
  readonly tenant?: string
  readonly headers?: Record<string, string>
  /** An object is sent as JSON; texts and bytes as they are. */
  readonly body?: Body | object
}

/** An api for all tests of a file, which nobody needs to stop. */
export type ApiForFile = Omit<ApiUnderTest, 'stop'>

export interface ApiForFileOptions {
  /** Asked before the first test. */
  readonly deps?: () => Partial<ApiDeps>
  /** Each test begins without subscriptions. */
  readonly isEmptiedBeforeEach?: boolean
}

/** Tokens are `service:<name>` and `user:<name>@<tenant>`; the real authenticator has tests of its own. */
const authenticator: Authenticator = {
  authenticate: (headers) => Promise.resolve().then(() => callerOf(headers)),
}

function callerOf(headers: IncomingHttpHeaders): Caller {
  const [kind, name = ''] = String(headers['x-tapis-token'] ?? '').split(':')
  const oboUser = String(headers['x-tapis-user'] ?? '')
  const oboTenant = String(headers['x-tapis-tenant'] ?? '')
  const mayActFor = (tenant: string) => ['dev', 'other', 'admin'].includes(tenant)
  if (kind === 'service') return { jwtTenant: 'admin', jwtUser: name, oboTenant, oboUser, isService: true, mayActFor }
  const [user = '', tenant = ''] = name.split('@')
  if (kind === 'user')
    return {
      jwtTenant: tenant,
      jwtUser: user,
      oboTenant: tenant,
      oboUser: user,
      isService: false,
      mayActFor: (other) => other === tenant,
    }
  throw new AppError('TAPIS_SECURITY_MISSING_JWT_INFO', { details: { method: 'any' } })
}

export async function startApi(deps: Partial<ApiDeps> = {}): Promise<ApiUnderTest> {
  const db = await createTestDatabase()
  const published: Published[] = []
  const log = createLog({ level: 'fatal', isTerminal: false })
  const publish: Publish = deps.publish ?? {
    event: (event, context) => {
      published.push({ event, context })
      return Promise.resolve({ uuid: EVENT_UUID })
    },
    endSeries: (series, context) => {
      published.push({ series, context })
      return Promise.resolve()
    },
    events: (items, context) => {
      for (const { event, idempotencyKey } of items)
        published.push({ event, context: { ...context, idempotencyKey: idempotencyKey ?? undefined } })
      return Promise.resolve(items.map(() => ({ uuid: EVENT_UUID, error: undefined })))
    },
  }
  const api = createApi({
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    usersChangeFilters: false,
    maxTargets: 100,
    db,
    callbackDb: db,
    searchDb: db,
    longListDb: db,
    authenticator,
    admins: { isAdmin: () => Promise.resolve(false) },
    publish,
    sequences: createSequencePublisher({ db, publish, now: () => new Date(), log }),
    checks: [],
    reach: createReachability({
      allowAddresses: [],
      publicUrl: undefined,
      mail: { provider: 'LOG', from: { name: 'Tidings', address: 'no-reply@example.org' } },
    }),
    log,
    ...deps,
  })
  const address = await api.start()

  async function call(
    method: string,
    path: string,
    { as = 'service', user = 'jdoe', tenant = 'dev', headers = {}, body }: CallOptions = {},
  ): Promise<Response> {
    const json = typeof body === 'object' && !(body instanceof Uint8Array) && !(body instanceof ReadableStream)
    return fetch(`${address}/v3/notifications${path}`, {
      method,
      headers: { ...identity(as, user, tenant), ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as Body), duplex: 'half' }),
    })
  }

  return {
    address,
    db,
    published,
    call,
    async stop() {
      await api.stop()
      await db.drop()
    },
  }
}

/**
 * To be called once at the top of a file: makes an api before its first test and removes it after the last one.
 * `published` begins anew with each.
 */
export function createApiForFile({
  deps = () => ({}),
  isEmptiedBeforeEach = false,
}: ApiForFileOptions = {}): ApiForFile {
  let api: ApiUnderTest

  beforeAll(async () => {
    api = await startApi(deps())
  })

  beforeEach(async () => {
    api.published.length = 0
    if (isEmptiedBeforeEach) await removeAllSubscriptions(api.db)
  })

  afterAll(() => api.stop())

  return {
    get address() {
      return api.address
    },
    get db() {
      return api.db
    },
    get published() {
      return api.published
    },
    call: (...request) => api.call(...request),
  }
}

/** An api for the test that runs, which stops it at its end. */
export async function startApiForTest(deps?: Partial<ApiDeps>): Promise<ApiUnderTest> {
  const api = await startApi(deps)
  onTestFinished(() => api.stop())
  return api
}

/** The envelope of a response, checked to be complete, with the expected status. */
export async function envelopeOf<Result>(
  response: Response | Promise<Response>,
  status = 200,
): Promise<Envelope<Result>> {
  const settled = await response
  const envelope: Envelope<Result> = JSON.parse(await settled.text()) as Envelope<Result>
  expect(settled.status, envelope.message).toBe(status)
  expect(settled.headers.get('content-type')).toBe('application/json')
  expect(Object.keys(envelope)).toEqual(['result', 'status', 'message', 'version', 'commit', 'build', 'metadata'])
  return envelope
}

function identity(as: 'service' | 'user' | 'nobody', user: string, tenant: string): Record<string, string> {
  if (as === 'nobody') return {}
  return as === 'service'
    ? { 'x-tapis-token': 'service:jobs', 'x-tapis-user': user, 'x-tapis-tenant': tenant }
    : { 'x-tapis-token': `user:${user}@${tenant}` }
}
