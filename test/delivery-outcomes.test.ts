import { expect } from 'vitest'
import { startApp } from './support/test-app.ts'
import { dataOf, eventually, failuresOf, notificationsOf, numbersOf, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest({ TIDINGS_RETRY_HORIZON_S: '1' })

test('410 Gone gives up the notification, and the lane goes on', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.answers(410)
  const gone = await app.publish({ subject })
  await app.publish({ subject })
  expect(numbersOf(await receiver.take(2))).toEqual([1, 2])
  await eventually(() => notificationsOf(app, gone)).toEqual([{ state: 'given_up', attempts: 1, httpStatus: 410 }])
  expect(await failuresOf(app, gone)).toEqual(['gone'])
})

test('a notification that fails until its horizon is given up, kept with its failures, and the lane goes on', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.decide(({ notification }) => (notification.event.data === 'hopeless' ? 500 : undefined))
  const hopeless = await app.publish({ subject, data: 'hopeless' })
  await app.publish({ subject, data: 'next' })
  await receiver.waitFor((received) => dataOf(received).includes('next'))
  const [row] = await notificationsOf(app, hopeless)
  expect(row).toMatchObject({ state: 'given_up', httpStatus: 500 })
  expect(row?.attempts).toBe(receiver.received.length - 1)
  const failures = await failuresOf(app, hopeless)
  expect(failures).toHaveLength(row?.attempts ?? 0)
  expect(new Set(failures.slice(0, -1))).toEqual(new Set(['http_500']))
  expect(failures.at(-1)).toBe('horizon_passed')
})

test('a notification that waited in its lane past its horizon is still tried three times', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.decide(() => 500)
  const [first, second] = [
    await app.publish({ subject, data: 'first' }),
    await app.publish({ subject, data: 'second' }),
  ]
  await eventually(() => notificationsOf(app, second)).toEqual([{ state: 'given_up', attempts: 3, httpStatus: 500 }])
  expect((await notificationsOf(app, first))[0]?.attempts).toBeGreaterThan(3)
  expect(dataOf(receiver.received.slice(-3))).toEqual(['second', 'second', 'second'])
})

test.for([429, 503])('Retry-After of a %d is obeyed', async (status, { app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.decide(() => (receiver.received.length === 1 ? { status, headers: { 'retry-after': '1' } } : undefined))
  await app.publish({ subject })
  const [first, second] = await receiver.take(2)
  expect((second?.arrivedAt.getTime() ?? 0) - (first?.arrivedAt.getTime() ?? 0)).toBeGreaterThanOrEqual(1000)
})

test.for([301, 302, 307, 308])(
  'a %d is a failure to try again, and is not followed',
  async (status, { app, receiver, subject }) => {
    await app.subscribe({ addresses: [receiver.url('/here')], subjectFilter: subject })
    receiver.decide(() =>
      receiver.received.length === 1 ? { status, headers: { location: receiver.url('/elsewhere') } } : undefined,
    )
    const uuid = await app.publish({ subject })
    expect((await receiver.take(2)).map(({ path, method }) => [path, method])).toEqual([
      ['/here', 'POST'],
      ['/here', 'POST'],
    ])
    expect(await failuresOf(app, uuid)).toEqual([`http_${status}`])
  },
)

test('each failed attempt is kept with its reason, and the success with its status and the count', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.decide((_request, response) => {
    if (receiver.received.length !== 2) return undefined
    response.destroy()
    return 'withheld'
  })
  receiver.answers(418, 202)
  const uuid = await app.publish({ subject })
  await receiver.take(3)
  await eventually(() => notificationsOf(app, uuid)).toEqual([{ state: 'delivered', attempts: 3, httpStatus: 202 }])
  expect(await failuresOf(app, uuid)).toEqual(['http_418', 'closed_early'])
})

test('a private address that is not allowed is never reached, and its notification is tried again', async ({
  receiver,
}) => {
  const guarded = await startApp({ env: { TIDINGS_ALLOW_ADDRESSES: '10.9.9.9/32' } })
  await guarded.subscribe({ addresses: [receiver.url(), receiver.url('/').replace('127.0.0.1', 'localhost')] })
  const uuid = await guarded.publish({})
  await eventually(() => failuresOf(guarded, uuid)).toContain('address_refused')
  await eventually(async () => (await failuresOf(guarded, uuid)).length).toBeGreaterThanOrEqual(4)
  expect(new Set(await failuresOf(guarded, uuid))).toEqual(new Set(['address_refused']))
  expect(await notificationsOf(guarded, uuid)).toMatchObject([{ state: 'waiting' }, { state: 'waiting' }])
  expect(receiver.received).toEqual([])
  await guarded.stop()
})
