import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { expect } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { dataOf, eventually, isDispatched, serviceTest } from './support/service-fixtures.ts'

const PARTITIONS = 2
/** Two receivers that are busy take all the slots there are. */
const test = serviceTest({
  TIDINGS_SENDS_IN_ALL: '4',
  TIDINGS_SENDS_PER_ADDRESS: '2',
  TIDINGS_PARTITIONS: String(PARTITIONS),
})

/** A receiver that responds on demand, one request at a time, oldest first. */
async function startSlowReceiver(): Promise<Receiver & { answerOne(): void }> {
  const receiver = await startReceiver()
  const waiting: (() => void)[] = []
  receiver.decide((_request, response) => {
    waiting.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  return { ...receiver, answerOne: () => waiting.shift()?.() }
}

test('when backlogs of slow receivers take all slots, a healthy one gets its share of those that become free', async ({
  app,
  receiver,
  subject,
}) => {
  const slow = [await startSlowReceiver(), await startSlowReceiver()]
  for (const [index, one] of slow.entries())
    await app.subscribe({ addresses: [one.url()], subjectFilter: `${subject}-${index}` })
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await Promise.all(
    slow.flatMap((_one, index) =>
      Array.from({ length: 30 }, (_, series) =>
        app.publish({ subject: `${subject}-${index}`, seriesId: String(series) }),
      ),
    ),
  )
  for (const one of slow) await one.waitFor((received) => received.length === 2)
  await isDispatched(app, await app.publish({ subject }))

  let freed = 0
  while (receiver.received.length === 0 && freed < 4) {
    const of = slow[freed % 2]
    const before = slow.reduce((sum, one) => sum + one.received.length, receiver.received.length)
    of?.answerOne()
    freed += 1
    // The freed slot goes to somebody; the test is about whom.
    await eventually(() =>
      slow.reduce((sum, one) => sum + one.received.length, receiver.received.length),
    ).toBeGreaterThan(before)
  }
  expect(freed).toBeLessThan(4)
  for (const one of slow) {
    one.decide(() => 200)
    for (let left = 0; left < 30; left += 1) one.answerOne()
    await one.waitFor((received) => received.length === 30)
    await one.close()
  }
})

test('series of all partitions get their share of a receiver that has a backlog', async ({ app, subject }) => {
  const slow = await startSlowReceiver()
  await app.subscribe({ addresses: [slow.url()], subjectFilter: subject })
  const partitionOf = (seriesId: string) =>
    eventRecord(
      jobEvent({ subject, seriesId }),
      { tenant: 'dev', user: 'jdoe', service: 'jobs' },
      PARTITIONS,
      new Date(0),
    ).partition
  const series = Array.from({ length: 80 }, (_, index) => `series-${index}`)
  const backlog = series.filter((name) => partitionOf(name) === 0).slice(0, 25)
  const other = series.find((name) => partitionOf(name) === 1)
  await Promise.all(backlog.map((seriesId) => app.publish({ subject, seriesId })))
  await slow.waitFor((received) => received.length === 2)
  await isDispatched(app, await app.publish({ subject, seriesId: other ?? null, data: 'other' }))
  for (let freed = 1; freed <= 4; freed += 1) {
    slow.answerOne()
    await slow.waitFor((received) => received.length === 2 + freed)
  }
  expect(dataOf(slow.received)).toContain('other')
  slow.decide(() => 200)
  for (let left = 0; left < 26; left += 1) slow.answerOne()
  await slow.waitFor((received) => received.length === 26)
  await slow.close()
})

test('while the backlog of a hanging receiver waits for its slots, the retries of another come on time', async ({
  app,
  receiver,
  subject,
}) => {
  const hanging = await startSlowReceiver()
  await app.subscribe({ addresses: [hanging.url()], subjectFilter: `${subject}-hanging` })
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await Promise.all(
    Array.from({ length: 10 }, (_, series) => app.publish({ subject: `${subject}-hanging`, seriesId: String(series) })),
  )
  await hanging.waitFor((received) => received.length === 2)
  receiver.decide(() => (receiver.received.length < 8 ? 500 : 200))
  await app.publish({ subject })
  const startedAt = performance.now()
  await receiver.waitFor((received) => received.length === 8)
  // Seven times 50 ms, and not the second after which the loop polls.
  expect(performance.now() - startedAt).toBeLessThan(3000)
  hanging.decide(() => 200)
  for (let left = 0; left < 10; left += 1) hanging.answerOne()
  await hanging.waitFor((received) => received.length === 10)
  await hanging.close()
})
