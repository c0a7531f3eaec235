import type { Received, Receiver } from '@tidings/harness/receiver.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import {
  dataOf,
  eventually,
  isDispatched,
  notificationsOf,
  numbersOf,
  serviceTest,
} from './support/service-fixtures.ts'
import { endReasons, pendingRemovals, storedTargets } from './support/stored-state.ts'

const test = serviceTest()

const webhooks = (...addresses: string[]) => ({
  deliveryTargets: addresses.map((deliveryAddress) => ({ deliveryMethod: 'WEBHOOK', deliveryAddress })),
})

async function patch(app: TestApp, name: string, body: object): Promise<void> {
  expect(await app.client.call('PATCH', `/subscriptions/byName/${name}`, body)).toMatchObject({ status: 200 })
}

/** Answers 500 to requests of this path, until it is healed. What it gives back heals it. */
function breakPath(receiver: Receiver, path: string): () => void {
  let isBroken = true
  receiver.decide((request) => (isBroken && request.path === path ? 500 : undefined))
  return () => {
    isBroken = false
  }
}

/** What was delivered to this path, in its order. */
const deliveredTo = (receiver: Receiver, path: string): readonly Received[] =>
  receiver.received.filter((one) => one.path === path && one.answeredStatus === 200)

test('an event that is published after the 200 is matched by the new filters, and not by the old', async ({
  app,
  receiver,
  subject,
}) => {
  const name = await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject, typeFilter: 'jobs.OLD.*' })
  await patch(app, name, { typeFilter: 'jobs.NEW.*' })
  const unmatched = [await app.publish({ subject, type: 'jobs.OLD.X' })]
  await app.publish({ subject, type: 'jobs.NEW.X', data: 'by type' })
  expect(dataOf(await receiver.take(1))).toEqual(['by type'])
  await patch(app, name, { subjectFilter: `${subject}-2` })
  unmatched.push(await app.publish({ subject, type: 'jobs.NEW.X' }))
  await app.publish({ subject: `${subject}-2`, type: 'jobs.NEW.X', data: 'by subject' })
  expect(dataOf(await receiver.take(1))).toEqual(['by subject'])
  for (const uuid of unmatched) {
    await isDispatched(app, uuid)
    expect(await notificationsOf(app, uuid)).toEqual([])
  }
})

test('a kept address keeps its lane: what is matched later waits behind what still fails', async ({
  app,
  receiver,
  subject,
}) => {
  const heal = breakPath(receiver, '/kept')
  const name = await app.subscribe({
    addresses: [receiver.url('/kept'), receiver.url('/dropped')],
    subjectFilter: subject,
  })
  await app.publish({ subject, data: 'before' })
  await receiver.waitFor((received) => received.length >= 3)
  await patch(app, name, { description: 'changed', ...webhooks(receiver.url('/added'), receiver.url('/kept')) })
  await app.publish({ subject, data: 'after' })
  await eventually(() => dataOf(deliveredTo(receiver, '/added'))).toEqual(['after'])
  const failed = receiver.received.length
  await receiver.waitFor((received) => received.length >= failed + 2)
  expect(new Set(dataOf(receiver.received.filter(({ path }) => path === '/kept')))).toEqual(new Set(['before']))
  heal()
  await eventually(() => dataOf(deliveredTo(receiver, '/kept'))).toEqual(['before', 'after'])
  expect(dataOf(deliveredTo(receiver, '/dropped'))).toEqual(['before'])
})

test('a changed address gets what is matched from then on; what waits goes to the old one', async ({
  app,
  receiver,
  subject,
}) => {
  const heal = breakPath(receiver, '/old')
  const name = await app.subscribe({ addresses: [receiver.url('/old')], subjectFilter: subject })
  await app.publish({ subject, data: '1' })
  await isDispatched(app, await app.publish({ subject, data: '2' }))
  await patch(app, name, webhooks(receiver.url('/new')))
  await app.publish({ subject, data: '3' })
  await eventually(() => numbersOf(deliveredTo(receiver, '/new'))).toEqual([3])
  heal()
  await eventually(() => numbersOf(deliveredTo(receiver, '/old'))).toEqual([1, 2])
  for (const { path, notification } of receiver.received)
    expect(notification.deliveryTarget.deliveryAddress).toBe(receiver.url(path))
})

test('an address that is added again waits behind what still waits for it', async ({ app, receiver, subject }) => {
  const heal = breakPath(receiver, '/old')
  const name = await app.subscribe({ addresses: [receiver.url('/old')], subjectFilter: subject })
  await isDispatched(app, await app.publish({ subject, data: '1' }))
  await patch(app, name, webhooks(receiver.url('/new')))
  await app.publish({ subject, data: '2' })
  await eventually(() => dataOf(deliveredTo(receiver, '/new'))).toEqual(['2'])
  await patch(app, name, webhooks(receiver.url('/old')))
  await isDispatched(app, await app.publish({ subject, data: '3' }))
  const failed = receiver.received.length
  await receiver.waitFor((received) => received.length >= failed + 2)
  expect(new Set(dataOf(receiver.received.filter(({ path }) => path === '/old')))).toEqual(new Set(['1']))
  heal()
  await eventually(() => dataOf(deliveredTo(receiver, '/old'))).toEqual(['1', '3'])
})

test('a DELETE cancels what waits for addresses that were removed before as well', async ({
  app,
  receiver,
  subject,
}) => {
  receiver.decide(() => 500)
  const name = await app.subscribe({ addresses: [receiver.url('/old')], subjectFilter: subject })
  const first = await app.publish({ subject })
  await isDispatched(app, first)
  await patch(app, name, webhooks(receiver.url('/new')))
  const second = await app.publish({ subject })
  await isDispatched(app, second)
  expect(await app.client.call('DELETE', `/subscriptions/byName/${name}`)).toMatchObject({
    body: { result: { changes: 1 } },
  })
  for (const uuid of [first, second])
    await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }])
})

test('whatever addresses change while events are dispatched, each event goes to exactly one, in order', async ({
  app,
  receiver,
  subject,
}) => {
  const events = 60
  const name = await app.subscribe({ addresses: [receiver.url('/a')], subjectFilter: subject })
  let isOver = false
  const change = async () => {
    for (let times = 0; !isOver; times += 1)
      await patch(app, name, webhooks(receiver.url(times % 2 === 0 ? '/b' : '/a')))
  }
  const changing = change()
  for (let event = 0; event < events; event += 1) await isDispatched(app, await app.publish({ subject }))
  isOver = true
  await changing
  await receiver.waitFor((received) => received.length >= events)
  for (const path of ['/a', '/b']) {
    const numbers = numbersOf(receiver.received.filter((one) => one.path === path))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(numbers.length).toBeGreaterThan(0)
  }
  expect(numbersOf(receiver.received).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: events }, (_, index) => index + 1),
  )
  expect(await storedTargets(app.db, { name })).toHaveLength(2)
})

test('a subscription with a changed subject is not removed for the old one, whenever that is settled', async ({
  app,
  receiver,
  subject,
}) => {
  const heal = breakPath(receiver, '/moved')
  const moved = await app.subscribe({
    name: `${subject}-moved`,
    addresses: [receiver.url('/moved')],
    subjectFilter: subject,
  })
  const stays = await app.subscribe({
    name: `${subject}-stays`,
    addresses: [receiver.url('/stays')],
    subjectFilter: subject,
  })
  const uuid = await app.publish({ subject, deleteSubscriptionsMatchingSubject: true })
  await isDispatched(app, uuid)
  await patch(app, moved, { subjectFilter: `${subject}-2` })
  heal()
  await eventually(() => endReasons(app.db, { name: stays })).toEqual(['subject'])
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }])
  await eventually(() => pendingRemovals(app.db)).toEqual([])
  await app.publish({ subject: `${subject}-2`, data: 'after' })
  await eventually(() => dataOf(deliveredTo(receiver, '/moved'))).toContain('after')
})
