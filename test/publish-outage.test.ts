import { startReceiver } from '@tidings/harness/receiver.ts'
import { expect, test } from 'vitest'
import { hideEvents } from './support/hidden-events.ts'
import { startApp, tryToPublish } from './support/test-app.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { createTestDatabase } from './support/test-database.ts'
import { dataOf, eventually, numbersOf } from './support/service-fixtures.ts'
import { storedData } from './support/stored-state.ts'
import { countPublishesUnderWay } from './support/stored-state.ts'

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
