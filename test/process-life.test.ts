import { afterEach, expect, test, vi } from 'vitest'
import { sourceArguments } from '@tidings/harness/program.ts'
import { startService } from '@tidings/harness/service-process.ts'
import { MIGRATION_LOCK } from '@tidings/server/db/advisory-locks.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createTestDatabase } from './support/test-database.ts'
import { isRunning } from './support/embedded-process.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createOperator, type Operator } from './support/operator.ts'
import { eventually } from './support/service-fixtures.ts'
import { lockDispatchers } from './support/stored-state.ts'
import { mayStayIdle, sessionsWaitingForLock } from './support/database-sessions.ts'

const operators: Operator[] = []

afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.cleanUp()))
})

async function hire(env?: Readonly<Record<string, string>>): Promise<Operator> {
  const operator = await createOperator(env)
  operators.push(operator)
  return operator
}

test('the ready line is all that comes on standard output; the log is JSON lines on standard error', async () => {
  const operator = await hire()
  // From the sources, as `npm start` does it; the other tests start what a build makes of them.
  const service = await operator.start({
    program: sourceArguments('server/main.ts', { preload: 'server/runtime/preload.ts' }),
  })
  const postgresPid = await service.postgresPid()
  expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await operator.readiness()).toMatchObject({ status: 200 })
  expect(await service.end('SIGTERM')).toBe(0)
  await service.ended
  expect(operator.output).toEqual([`ready ${service.url}`])
  expect(operator.log.map((line) => typeof JSON.parse(line))).toEqual(operator.log.map(() => 'object'))
  expect(operator.log.some((line) => line.includes('tokens can be minted'))).toBe(true)
  expect(await isRunning(postgresPid)).toBe(false)
})

test.each([
  ['SIGTERM to the process', 'SIGTERM' as const, false],
  ['Ctrl-C, SIGINT to the whole process group', 'SIGINT' as const, true],
])(
  '%s under load ends it with 0 and without an alarm; what was acknowledged is delivered after the next start, at once',
  async (_what, signal, isToGroup) => {
    const operator = await hire()
    const first = await operator.start({ ownGroup: true })
    const postgresPid = await first.postgresPid()
    await operator.subscribe()
    const load = startLoad(operator.client)
    await load.waitForAcknowledged(200)
    if (isToGroup) first.signalGroup(signal)
    else first.signal(signal)
    expect(await first.ended).toBe(0)
    const startedAt = performance.now()
    await load.stop()
    expect(await isRunning(postgresPid), 'postgres is left behind').toBe(false)
    expect(operator.alarms()).toEqual([])
    const statuses = new Set(load.refusals.map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 0 && status !== 503)).toEqual([])

    await operator.start()
    const readyAt = performance.now()
    await expectAllDelivered(load, operator.receiver)
    expect(performance.now() - readyAt, 'waited for leases of the dead').toBeLessThan(2000)
    expect(readyAt - startedAt, 'slow restart').toBeLessThan(10_000)
  },
)

test('of two starts at once on one data directory one serves, the other names it and exits with 1', async () => {
  const operator = await hire()
  const starts = await Promise.allSettled([operator.start(), operator.start()])
  const [winner, ...more] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  expect(more).toEqual([])
  if (!winner) throw new Error('none of them serves')
  expect(await operator.readiness()).toMatchObject({ status: 200 })
  expect(operator.output).toEqual([`ready ${winner.url}`])
  expect(operator.log.filter((line) => line.startsWith('Another'))).toEqual([
    `Another instance uses this data directory: pid ${winner.pid}, ${winner.url}; stop it, or set another TIDINGS_DATA_DIR`,
  ])
  expect(starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []))).toEqual([
    expect.stringContaining('(exit code 1)'),
  ])
})

test('SIGTERM ends a start that waits for the instance lock, and leaves the holder alone', async () => {
  const operator = await hire()
  const holder = await operator.start()
  const second = operator.start()
  const failed = expect(second).rejects.toThrow('did not start')
  await vi.waitFor(
    () => {
      expect(operator.log.filter((line) => line.includes('"postgres is running"'))).toHaveLength(2)
    },
    { timeout: 20_000, interval: 10 },
  )
  const pids = operator.log
    .filter((line) => line.includes('"postgres is running"'))
    .map((line) => Number(/"pid":(\d+)/.exec(line)?.[1]))
  const signalledAt = performance.now()
  process.kill(pids.find((pid) => pid !== holder.pid) ?? 0, 'SIGTERM')
  await failed
  expect(performance.now() - signalledAt).toBeLessThan(2000)
  expect(operator.alarms()).toEqual([])
  expect(await operator.readiness()).toMatchObject({ status: 200 })
})

test('SIGTERM ends a start that waits for another to migrate', async () => {
  const database = await createTestDatabase()
  const holder = await database.reserve()
  try {
    await holder.query(sql`select pg_advisory_lock(${MIGRATION_LOCK})`)
    const { dataDir } = await hire()
    const stop = new AbortController()
    const failed = expect(
      startService({ dataDir, env: { DATABASE_URL: database.url }, signal: stop.signal }),
    ).rejects.toThrow('did not start (exit code 0)')
    await eventually(() => sessionsWaitingForLock(database)).toHaveLength(1)
    stop.abort()
    await failed
  } finally {
    holder.release('closed')
    await database.drop()
  }
})

test('SIGTERM ends a start that waits for its first lease', async () => {
  const database = await createTestDatabase()
  try {
    await database.transaction(async (tx) => {
      await mayStayIdle(tx)
      await lockDispatchers(tx)
      const operator = await hire({ DATABASE_URL: database.url })
      const start = operator.start()
      const failed = expect(start).rejects.toThrow('did not start')
      await vi.waitFor(
        () => {
          expect(operator.log).toContainEqual(expect.stringContaining('"loop":"ownership"'))
        },
        { timeout: 20_000, interval: 10 },
      )
      process.kill(Number(/"pid":(\d+)/.exec(operator.log.join())?.[1]), 'SIGTERM')
      await failed
      expect(operator.output).toEqual([])
    })
  } finally {
    await database.drop()
  }
})
