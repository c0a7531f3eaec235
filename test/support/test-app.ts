import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject } from '@tidings/contract/is-object.ts'
import { createClient, type ClientResponse, type Client } from '@tidings/harness/client.ts'
import { createApp } from '@tidings/server/app.ts'
import { mintDevelopmentToken, type TokenHolder } from '@tidings/server/api/auth/development-token.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createLog, type Log } from '@tidings/server/log.ts'
import { onTestFinished } from 'vitest'
import { checkResponse } from './response-checks.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

export interface TestApp {
  readonly url: string
  readonly db: TestDatabase
  /** Calls as the service `jobs` for `jdoe` of the tenant `dev`. */
  readonly client: Client
  /** A token of a service, or of a user of the tenant `dev`. */
  tokenOf(holder: TokenHolder): Promise<string>
  /** Publishes and expects 200. Returns the event's uuid. */
  publish(event: Partial<TestEvent>, headers?: Readonly<Record<string, string>>): Promise<string>
  /** Subscribes and expects 201. Returns the name. */
  subscribe(subscription: TestSubscription, headers?: Readonly<Record<string, string>>): Promise<string>
  /** May come again, which changes nothing. */
  stop(): Promise<void>
}

export interface TestEvent {
  readonly source: string
  readonly type: string
  readonly timestamp: string
  readonly subject: string | null
  readonly seriesId: string | null
  readonly data: string | null
  readonly endSeries: boolean
  readonly deleteSubscriptionsMatchingSubject: boolean
}

export interface TestSubscription {
  readonly addresses: readonly string[]
  readonly typeFilter?: string
  readonly subjectFilter?: string
  readonly [member: string]: unknown
}

export interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Of another service that still runs; this one leaves it as it is. */
  readonly db?: TestDatabase
  /** The way that the service takes to its database, when it is not the usual one. */
  readonly databaseUrl?: string
  readonly log?: Log
  /** Between two events of a test sequence, instead of 3 s. */
  readonly sequenceIntervalMs?: number
}

/** The whole service in this process, on a database of its own. `env` as an operator would set it. */
export async function startApp({
  env = {},
  db,
  databaseUrl,
  log,
  sequenceIntervalMs,
}: TestAppOptions = {}): Promise<TestApp> {
  const database = db ?? (await createTestDatabase({ isEmpty: true }))
  const dataDir = await mkdtemp(join(tmpdir(), 'tidings-app-'))
  await chmod(dataDir, 0o755)
  const config = readConfig({
    DATABASE_URL: database.url,
    TAPIS_SERVICE_PORT: '0',
    TIDINGS_DATA_DIR: dataDir,
    TIDINGS_RETRY_DELAYS_S: '0.05',
    TIDINGS_CANARY_INTERVAL_S: '0',
    LOG_LEVEL: 'error',
    ...env,
  })
  const app = await createApp({
    config,
    databaseUrl: () => databaseUrl ?? database.url,
    isAlone: false,
    log: log ?? createLog({ level: config.logLevel, isTerminal: false }),
    sequenceIntervalMs,
  })
  const url = await app.start()
  const token = await mintDevelopmentToken(config, { kind: 'service', name: 'jobs' })
  const client = createClient(() => url, { token, user: 'jdoe', tenant: 'dev', onResponse: checkResponse })
  let stopped: Promise<void> | undefined

  async function stop(): Promise<void> {
    await client.close()
    await app.stop()
    if (!db) await database.drop()
    await rm(dataDir, { recursive: true, force: true })
  }

  return {
    url,
    db: database,
    client,
    tokenOf: (holder) => mintDevelopmentToken(config, holder),
    async publish(event, headers) {
      const answer = await client.call('POST', '/events/publish', jobEvent(event), headers)
      return member(expectStatus(answer, 200), 'uuid')
    },
    async subscribe({ addresses, ...subscription }, headers) {
      const answer = await client.call(
        'POST',
        '/subscriptions',
        {
          typeFilter: 'jobs.*.*',
          subjectFilter: '*',
          deliveryTargets: addresses.map((deliveryAddress) => ({ deliveryMethod: 'WEBHOOK', deliveryAddress })),
          ...subscription,
        },
        headers,
      )
      return decodeURIComponent(member(expectStatus(answer, 201), 'url').split('/').at(-1) ?? '')
    },
    stop: () => (stopped ??= stop()),
  }
}

/** The same for the test that runs, which stops it at its end. */
export async function startAppForTest(options?: TestAppOptions): Promise<TestApp> {
  const app = await startApp(options)
  onTestFinished(() => app.stop())
  return app
}

/** Publishes, and tells status, code and how long it took. */
export async function tryToPublish({ client }: Pick<TestApp, 'client'>, event?: Partial<TestEvent>) {
  const startedAt = performance.now()
  const { status, body } = await client.call('POST', '/events/publish', jobEvent(event))
  return { status, code: body?.message.split(' ')[0], ms: performance.now() - startedAt }
}

/** An event of the Jobs service; what is not given is made up. */
export const jobEvent = (event: Partial<TestEvent> = {}) => ({
  source: 'https://tapis.io/jobs',
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  timestamp: new Date().toISOString(),
  subject: 'job-7',
  seriesId: 'job-7',
  data: '{}',
  ...event,
})

function expectStatus(answer: ClientResponse, status: number): unknown {
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${answer.body?.message ?? 'no envelope'}`)
  return answer.body?.result
}

function member(result: unknown, name: string): string {
  const value = isObject(result) ? result[name] : undefined
  if (typeof value !== 'string') throw new Error(`no ${name} in the result`)
  return value
}
