import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { expect } from 'vitest'
import { dataOf, numbersOf, serviceTest } from './support/service-fixtures.ts'

const test = serviceTest()

/** Withholds the response to the first request with this data; the function that it returns releases it. */
function withholdFirst(receiver: Receiver, data: string): () => void {
  let answer: () => void = () => undefined
  let isFirst = true
  receiver.decide((request, response) => {
    if (!isFirst || request.notification.event.data !== data) return undefined
    isFirst = false
    answer = () => response.writeHead(200).end()
    return 'withheld'
  })
  return () => answer()
}

test('a failed delivery holds back later events of its series, for as long as it fails', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.answers(500, 404, 302, 200)
  for (const data of ['a', 'b', 'c']) await app.publish({ subject, data })
  const received = await receiver.take(6)
  expect(dataOf(received)).toEqual(['a', 'a', 'a', 'a', 'b', 'c'])
  expect(numbersOf(received)).toEqual([1, 1, 1, 1, 2, 3])
})

test('a connection that is closed without a response, or refused, holds back its lane in the same way', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.decide((_request, response) => {
    if (receiver.received.length > 2) return undefined
    response.destroy()
    return 'withheld'
  })
  await app.publish({ subject, data: 'a' })
  await app.publish({ subject, data: 'b' })
  expect(dataOf(await receiver.take(4))).toEqual(['a', 'a', 'a', 'b'])
  await receiver.goDown()
  for (const data of ['c', 'd']) await app.publish({ subject, data })
  await receiver.comeUp()
  expect(dataOf(await receiver.take(2))).toEqual(['c', 'd'])
})

test('every retry has the same body, byte for byte, and the notification uuid as webhook-id', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  receiver.answers(500, 503, 200)
  const eventUuid = await app.publish({ subject, data: '\u{1f600} "quoted" \u2028 \ud800 \0' })
  const [first, ...retries] = await receiver.take(3)
  for (const retry of retries) expect(retry.rawBody.equals(first?.rawBody ?? Buffer.of())).toBe(true)
  for (const one of [first, ...retries])
    expect(one).toMatchObject({
      headers: { 'webhook-id': one?.notification.uuid },
      notification: { eventUuid, uuid: first?.notification.uuid },
    })
})

test('each target of each subscription gets a notification with a uuid of its own', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url('/a'), receiver.url('/b')], subjectFilter: subject })
  await app.subscribe({ addresses: [receiver.url('/a')], subjectFilter: subject })
  await app.publish({ subject })
  const received = await receiver.take(3)
  expect(received.map(({ path }) => path).sort()).toEqual(['/a', '/a', '/b'])
  expect(new Set(received.map(({ notification }) => notification.uuid)).size).toBe(3)
  for (const { path, notification } of received)
    expect(notification.deliveryTarget.deliveryAddress).toBe(receiver.url(path))
})

test('one lane has at most one request in flight, while other series and other targets go on', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url('/slow')], subjectFilter: subject })
  const letGo = withholdFirst(receiver, 'a1')
  await app.publish({ subject, seriesId: 'a', data: 'a1' })
  await receiver.take(1)
  await app.subscribe({ addresses: [receiver.url('/other')], subjectFilter: subject })
  await app.publish({ subject, seriesId: 'a', data: 'a2' })
  for (const data of ['b1', 'b2', 'b3']) await app.publish({ subject, seriesId: 'b', data })
  await app.publish({ subject, seriesId: null, data: 'outside' })
  // Everything but the slow target's second notification of series a.
  const others = await receiver.take(9)
  expect(others.map(({ path, notification }) => `${path} ${notification.event.data}`).sort()).toEqual([
    '/other a2',
    '/other b1',
    '/other b2',
    '/other b3',
    '/other outside',
    '/slow b1',
    '/slow b2',
    '/slow b3',
    '/slow outside',
  ])
  letGo()
  const [next] = await receiver.take(1)
  expect([next?.path, next?.notification.event.data]).toEqual(['/slow', 'a2'])
})

test('lanes of one receiver are served concurrently', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const answers: (() => void)[] = []
  receiver.decide((_request, response) => {
    answers.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  for (let series = 0; series < 30; series += 1) await app.publish({ subject, seriesId: String(series) })
  await receiver.take(30) // none has had a response
  for (const answer of answers) answer()
  await receiver.waitFor((received) => received.every(({ answeredStatus }) => answeredStatus === 200))
})

test('a receiver that does not respond at all delays nobody else', async ({ app, receiver, subject }) => {
  const dead = await startReceiver()
  dead.decide(() => 'withheld')
  await app.subscribe({ addresses: [dead.url()], subjectFilter: subject, name: subject })
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await Promise.all(Array.from({ length: 300 }, (_, series) => app.publish({ subject, seriesId: String(series) })))
  await receiver.take(300)
  // The limit for one address, and no more: the rest waits in the tables.
  await dead.waitFor((received) => received.length === 128)
  await app.client.call('DELETE', `/subscriptions/byName/${subject}`)
  await dead.close()
})
