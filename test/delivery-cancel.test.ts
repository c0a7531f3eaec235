import { expect } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import { dataOf, eventually, isDispatched, notificationsOf, serviceTest } from './support/service-fixtures.ts'
import { attemptFailures, endSubscriptions, storedLanes } from './support/stored-state.ts'

const test = serviceTest()

const byName = (name: string) => `/subscriptions/byName/${name}`

async function remove(app: TestApp, name: string): Promise<void> {
  expect(await app.client.call('DELETE', byName(name))).toMatchObject({ status: 200, body: { result: { changes: 1 } } })
}

/** Within 2 s (docs/architecture.md). */
async function deletionTookEffect(): Promise<void> {
  const from = performance.now()
  await eventually(() => performance.now() - from).toBeGreaterThan(2000)
}

test('a DELETE cancels everything in a lane whose head is being retried, and nothing more is sent', async ({
  app,
  receiver,
  subject,
}) => {
  receiver.decide(() => 500)
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const uuids = [await app.publish({ subject }), await app.publish({ subject }), await app.publish({ subject })]
  for (const uuid of uuids) await isDispatched(app, uuid)
  await receiver.take(2)
  await remove(app, name)
  await deletionTookEffect()
  const before = receiver.received.length
  for (const uuid of uuids) await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }])
  expect(receiver.received).toHaveLength(before)
  expect(await storedLanes(app.db, { subscription: name })).toEqual([])
})

test('a retry that is due in ten minutes is cancelled now, not then', async ({ receiver }) => {
  const app = await startApp({ env: { TIDINGS_RETRY_DELAYS_S: '600' } })
  receiver.answers(500)
  const name = await app.subscribe({ addresses: [receiver.url()] })
  const uuid = await app.publish({})
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'waiting' }])
  await eventually(() => attemptFailures(app.db)).toHaveLength(1)
  await remove(app, name)
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }])
  await app.stop()
  expect(receiver.received).toHaveLength(1)
})

test('what is in flight at a DELETE is finished and counted, what waits behind it is cancelled', async ({
  app,
  receiver,
  subject,
}) => {
  let letGo: () => void = () => undefined
  receiver.decide((_request, response) => {
    letGo = () => response.writeHead(200).end()
    return 'withheld'
  })
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const [first, second] = [await app.publish({ subject }), await app.publish({ subject })]
  await receiver.take(1)
  await isDispatched(app, second)
  await remove(app, name)
  await deletionTookEffect()
  letGo()
  await eventually(() => notificationsOf(app, first)).toMatchObject([{ state: 'delivered' }])
  await eventually(() => notificationsOf(app, second)).toMatchObject([{ state: 'cancelled', attempts: 0 }])
  expect(receiver.received).toHaveLength(1)
})

test('a DELETE leaves other subscriptions to the same address alone', async ({ app, receiver, subject }) => {
  receiver.decide(() => 500)
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await app.subscribe({ name: `${subject}-stays`, addresses: [receiver.url()], subjectFilter: subject })
  const uuid = await app.publish({ subject, data: 'for one of them' })
  await receiver.take(2)
  await remove(app, name)
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }, { state: 'waiting' }])
  receiver.decide(() => 200)
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }, { state: 'delivered' }])
  expect(receiver.received.at(-1)?.notification.subscriptionName).toBe(`${subject}-stays`)
})

test('what a subscription matched before it expired or was disabled is still delivered', async ({
  app,
  receiver,
  subject,
}) => {
  let isFailing = true
  receiver.decide(() => (isFailing ? 500 : undefined))
  const expired = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const disabled = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await app.publish({ subject, data: 'matched' })
  await receiver.take(2)
  await endSubscriptions(app.db, { name: expired, reason: 'expired' })
  expect(await app.client.call('POST', `/subscriptions/${disabled}/disable`)).toMatchObject({ status: 200 })
  isFailing = false
  await receiver.waitFor((received) => received.filter(({ answeredStatus }) => answeredStatus === 200).length === 2)
  const delivered = receiver.received.filter(({ answeredStatus }) => answeredStatus === 200)
  expect(dataOf(delivered)).toEqual(['matched', 'matched'])
  expect(delivered.map(({ notification }) => notification.subscriptionName).sort()).toEqual([expired, disabled].sort())
})
