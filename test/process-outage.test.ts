import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createEmbeddedServer, type EmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startFaultyProxy, type FaultyProxy } from './support/faulty-proxy.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createOperator, type Operator } from './support/operator.ts'
import { createRecordingLog } from './support/recording-log.ts'

/** By hand with 30: OUTAGE_S=30 npx vitest run --project behaviour test/process-outage.test.ts */
const OUTAGE_MS = Number(process.env.OUTAGE_S ?? 3) * 1000
/** Within this a publisher has its response, whatever happens (docs/architecture.md, Publish). */
const ANSWER_MS = 5000

let database: TestDatabase
let proxy: FaultyProxy
let operator: Operator
const cleanUps: (() => Promise<void>)[] = []

beforeEach(async () => {
  database = await createTestDatabase({ isEmpty: true })
  proxy = await startFaultyProxy(() => database.url)
  operator = await createOperator({ DATABASE_URL: proxy.url })
})

afterEach(async () => {
  await operator.cleanUp()
  await proxy.close()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await database.drop()
})

/** A PostgreSQL that the test may stop. */
async function startOwnServer(): Promise<EmbeddedServer> {
  const parent = await mkdtemp(join(tmpdir(), 'tidings-outage-'))
  await chmod(parent, 0o755)
  const server = createEmbeddedServer({ dataDir: join(parent, 'data'), log: createRecordingLog().log })
  cleanUps.push(
    () => rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }),
    () => server.stop(),
  )
  await server.start()
  return server
}

/** Waits for the moment, looking at the service all the while. Returns what was not as it should be. */
async function watchOutage(untilMs: number): Promise<string[]> {
  const faults: string[] = []
  await vi.waitFor(
    async () => {
      const startedAt = performance.now()
      const [ready, health] = await Promise.all([operator.readiness(), operator.client.call('GET', '/healthcheck')])
      if (
        ready.status === 503 &&
        !/^Readiness DB check failed\. Check number: \d+ CheckTenants:PASS CheckJWT:PASS CheckDB:FAIL $/.test(
          ready.result,
        )
      )
        faults.push(ready.result)
      if (health.status !== 200) faults.push(`healthcheck ${health.status}`)
      if (performance.now() - startedAt > ANSWER_MS) faults.push('a probe took more than 5 s')
      expect(ready.status).toBe(503)
      expect(performance.now()).toBeGreaterThan(untilMs)
    },
    { timeout: OUTAGE_MS + 20_000, interval: 100 },
  )
  return faults
}

/** Each breaks the connection to the database, or the database, and returns how to repair it. */
const BREAKS = {
  'whose connections are refused': async () => {
    await proxy.refuse()
    return () => proxy.forward()
  },
  'whose packets vanish': async () => {
    await proxy.blackhole()
    return () => proxy.forward()
  },
  'that is shut down and started again': async (server: EmbeddedServer | undefined) => {
    await server?.stop()
    return async () => server?.start()
  },
}

test.each(Object.entries(BREAKS))(
  'a database %s: publishes get 503 in time, delivery resumes by itself, nothing is lost',
  async (how, breakIt) => {
    const server = await (how.includes('shut down') ? startOwnServer() : undefined)
    if (server) {
      await proxy.close()
      proxy = await startFaultyProxy(() => server.url())
    }
    await operator.start({ env: { DATABASE_URL: proxy.url } })
    await operator.subscribe()
    const load = startLoad(operator.client)
    await load.waitForAcknowledged(200)
    const before = operator.receiver.received.length
    const logged = operator.log.length
    const brokenAt = performance.now()
    const mend = await breakIt(server)
    const faults = await watchOutage(brokenAt + OUTAGE_MS)
    await load.waitForRefused(1)
    await mend()
    const mendedAt = performance.now()
    await load.waitForAcknowledged(1)
    const firstAckMs = performance.now() - mendedAt
    await load.waitForAcknowledged(100)
    await load.stop()
    await expectAllDelivered(load, operator.receiver)
    const longestMs = Math.max(...load.refusals.map(({ afterMs }) => afterMs))
    if (process.env.OUTAGE_S !== undefined) {
      const codes = [...new Set(load.refusals.map(({ code }) => code))].map(
        (code) => `${code} ${load.refusals.filter((refusal) => refusal.code === code).length}`,
      )
      console.log(
        `${how}: ${OUTAGE_MS / 1000} s; ${load.acknowledged.length} acknowledged (${before} delivered before), refused: ${codes.join(', ')}; longest answer ${Math.round(longestMs)} ms; first 200 ${Math.round(firstAckMs)} ms after the end; log lines ${operator.log.length - logged}`,
      )
    }
    expect(faults).toEqual([])
    expect(
      new Set(
        load.refusals
          .map(({ status, code }) => `${status} ${code}`)
          .filter((answer) => !/^503 NTFAPI_(EVENT_POST_ERR|PUBLISH_UNKNOWN)$/.test(answer)),
      ),
    ).toEqual(new Set())
    expect(longestMs).toBeLessThan(ANSWER_MS)
    expect(firstAckMs).toBeLessThan(5000)
    expect(operator.alarms()).toEqual([])
    await vi.waitFor(
      async () => {
        expect(await operator.readiness()).toMatchObject({ status: 200 })
      },
      { timeout: 20_000, interval: 50 },
    )
  },
  OUTAGE_MS + 60_000,
)

test('an outage is logged when it begins, not at each retry', async () => {
  await operator.start()
  const load = startLoad(operator.client)
  await load.waitForAcknowledged(50)
  await proxy.refuse()
  await load.waitForRefused(1)
  await proxy.forward()
  await load.waitForAcknowledged(50)
  await load.stop()
  const messages = operator.log
    .map((line) => JSON.parse(line) as { level: number; msg: string; loop?: string })
    .filter(({ level }) => level >= 40)
    .map(({ msg, loop }) => `${loop ?? ''} ${msg}`)
  expect(messages.filter((message, index) => messages.indexOf(message) !== index)).toEqual([])
})

test('a start without the database waits for it, logs that once, and serves when it appears', async () => {
  await proxy.refuse()
  const starting = operator.start()
  await vi.waitFor(
    () => {
      expect(operator.log).toContainEqual(expect.stringContaining('the database cannot be reached'))
    },
    { timeout: 20_000, interval: 10 },
  )
  await proxy.forward()
  await starting
  expect(operator.log.filter((line) => line.includes('the database cannot be reached'))).toHaveLength(1)
  await vi.waitFor(
    async () => {
      expect(await operator.readiness()).toMatchObject({ status: 200 })
    },
    { timeout: 20_000, interval: 50 },
  )
  expect(operator.alarms()).toEqual([])
})

test('SIGTERM while the database is down ends the process with 0', async () => {
  const service = await operator.start()
  const load = startLoad(operator.client)
  await load.waitForAcknowledged(50)
  await proxy.refuse()
  await load.waitForRefused(1)
  expect(await service.end('SIGTERM')).toBe(0)
  await service.ended
  await load.stop()
  expect(operator.alarms()).toEqual([])
  expect(operator.log.at(-1)).toContain('"isInTime":true')
})
