import { startReceiver } from '@tidings/harness/receiver.ts'
import { expect, test } from 'vitest'
import { startApp, startAppForTest, tryToPublish, type TestApp } from './support/test-app.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { createTestDatabase } from './support/test-database.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import { lockEvents, storedData, storedEvents } from './support/stored-state.ts'
import { mayStayIdle } from './support/database-sessions.ts'
import { countPublishesUnderWay } from './support/stored-state.ts'

/** Nobody reads or writes events until the gate opens. */
async function hideEvents({ db }: TestApp, atEnd?: (open: () => void) => void) {
  const [isLocked, mayUnlock] = [createGate(atEnd), createGate(atEnd)]
  const done = db.transaction(async (tx) => {
    await mayStayIdle(tx)
    await lockEvents(tx, { areHidden: true })
    isLocked.open()
    await mayUnlock.opened
  })
  await Promise.race([isLocked.opened, done])
  return async () => {
    mayUnlock.open()
    await done
  }
}

test.concurrent(
  'while the database is down a publish gets "not stored" within 5 s, and is not there afterwards',
  async () => {
    const db = await createTestDatabase({ isEmpty: true })
    const way = await startFaultyProxy(() => db.url)
    const receiver = await startReceiver()
    const app = await startApp({ db, databaseUrl: way.url })
    await app.subscribe({ addresses: [receiver.url()] })
    await app.publish({ data: 'before' })
    await receiver.take(1)
    await way.refuse()
    const refused = await tryToPublish(app, { data: 'refused' })
    expect(refused).toMatchObject({ status: 503, code: 'NTFAPI_EVENT_POST_ERR' })
    expect(refused.ms).toBeLessThan(5000)
    // One that comes while the database is away, and is still waiting when it is back, is a success.
    const patient = tryToPublish(app, { data: 'patient' })
    await way.forward()
    expect(await patient).toMatchObject({ status: 200 })
    const received = await receiver.take(1)
    expect(dataOf(received)).toEqual(['patient'])
    expect(numbersOf(received)).toEqual([2])
    expect(await storedData(app.db)).toEqual(['before', 'patient'])
    await app.stop()
    await way.close()
    await receiver.close()
    await db.drop()
  },
)

test.concurrent(
  'a publish whose write hangs gets "unknown" within 5 s, and is never written after that',
  async ({ expect: ofTest, onTestFinished }) => {
    const app = await startApp()
    const unlock = await hideEvents(app, onTestFinished)
    const answers = await Promise.all(['a', 'b', 'c'].map((data) => tryToPublish(app, { data })))
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, code: 'NTFAPI_PUBLISH_UNKNOWN' })
      expect(answer.ms).toBeLessThan(5000)
    }
    // The write that was on its way then ends by its own time limit; nobody begins another.
    await eventually(() => countPublishesUnderWay(app.db), ofTest).toBe(0)
    await unlock()
    await app.publish({ data: 'later' })
    expect(await storedData(app.db)).toEqual(['later'])
    await app.stop()
  },
)

// Not beside the others: 64 MiB of JSON in this process would count in their five seconds.
test('when 64 MiB wait, the next publish gets NTFAPI_BUSY at once, and is not stored', async () => {
  const app = await startAppForTest({ env: { TIDINGS_ROLE: 'api' } })
  const unlock = await hideEvents(app)
  // The largest there are: with what a record costs beside its text, 63 of them fit.
  const big = 'x'.repeat(1_048_000)
  const publishing = Array.from({ length: 64 }, () => tryToPublish(app, { data: big }))
  const busy = await Promise.any(
    publishing.map(async (one) => {
      const answer = await one
      if (answer.code !== 'NTFAPI_BUSY') throw new Error(`answered ${answer.code ?? 'nothing'}`)
      return answer
    }),
  )
  expect(busy.status).toBe(503)
  await unlock()
  const answers = await Promise.all(publishing)
  const refused = answers.filter(({ code }) => code === 'NTFAPI_BUSY').length
  const stored = answers.filter(({ status }) => status === 200).length
  const rows = await storedEvents(app.db)
  expect(rows.length).toBeGreaterThanOrEqual(stored)
  expect(rows.length).toBeLessThanOrEqual(answers.length - refused)
}, 60_000)
