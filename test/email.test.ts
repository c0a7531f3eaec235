import { afterAll, afterEach, expect } from 'vitest'
import { startMailServer, type MailQuestion } from './support/mail-server.ts'
import { addressOf, mailEnv, mailsTo, subscribeMail } from './support/mail-helpers.ts'
import { mailedData } from './support/received-mail.ts'
import { eventually, failuresOf, isDispatched, notificationsOf, serviceTest } from './support/service-fixtures.ts'
import { changeTargetAddress, livingSubscriptions, storedLanes } from './support/stored-state.ts'

const server = await startMailServer({ encryption: 'none' })
const test = serviceTest(mailEnv(server))

afterEach(() => server.decide(() => undefined))
afterAll(() => server.close())

/** The text of this event. */
const isMessage = (question: MailQuestion, data: string) =>
  question.kind === 'message' && question.mail.notification.event.data === data

test('an event goes to each matching e-mail target, as a mail with what a webhook would get', async ({
  app,
  receiver,
  subject,
}) => {
  const [first, second] = [addressOf(subject), addressOf(`other-${subject}`)]
  await app.subscribe({
    addresses: [],
    subjectFilter: subject,
    deliveryTargets: [
      ...[first, second].map((deliveryAddress) => ({ deliveryMethod: 'EMAIL', deliveryAddress })),
      { deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url() },
    ],
  })
  const eventUuid = await app.publish({ subject, data: 'hello' })
  await server.waitFor(() => mailsTo(server, first).length === 1 && mailsTo(server, second).length === 1)
  const [webhook] = await receiver.take(1)
  for (const address of [first, second]) {
    const [mail] = mailsTo(server, address)
    expect(mail?.notification.event).toEqual(webhook?.notification.event)
    expect(mail?.notification).toMatchObject({
      eventUuid,
      deliveryTarget: { deliveryMethod: 'EMAIL', deliveryAddress: address },
    })
    expect(mail?.parsed.messageId).toBe(`<${mail?.notification.uuid}@nowhere.com>`)
    expect(mail?.parsed.from?.value).toEqual([{ name: 'Tapis Notifications Service', address: 'no-reply@nowhere.com' }])
  }
  await eventually(() => notificationsOf(app, eventUuid)).toMatchObject([
    { state: 'delivered', attempts: 1 },
    { state: 'delivered' },
    { state: 'delivered' },
  ])
})

test('a mail follows its event at once, not at the next scan of the tables', async ({ app, subject }) => {
  const address = addressOf(subject)
  await subscribeMail(app, address, { subjectFilter: subject })
  const startedAt = performance.now()
  for (let count = 1; count <= 6; count += 1) {
    await app.publish({ subject })
    await server.waitFor(() => mailsTo(server, address).length === count)
  }
  // Looks are 5 s apart.
  expect(performance.now() - startedAt).toBeLessThan(20_000)
})

test('a temporarily rejected mail holds back later mails of its series, and no other series', async ({
  app,
  subject,
}) => {
  const address = addressOf(subject)
  await subscribeMail(app, address, { subjectFilter: subject })
  let refusals = 0
  server.decide((question) => {
    if (!isMessage(question, 'a1') || refusals === 3) return undefined
    refusals += 1
    return 451
  })
  const [a1] = [await app.publish({ subject, seriesId: 'a', data: 'a1' })]
  for (const data of ['a2', 'a3']) await app.publish({ subject, seriesId: 'a', data })
  for (const data of ['b1', 'b2']) await app.publish({ subject, seriesId: 'b', data })
  await server.waitFor(() => mailsTo(server, address).length === 5)
  const data = mailedData(mailsTo(server, address))
  expect(data.filter((one) => one?.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
  expect(data.filter((one) => one?.startsWith('b'))).toEqual(['b1', 'b2'])
  expect(await failuresOf(app, a1)).toEqual(['smtp_451', 'smtp_451', 'smtp_451'])
})

test('every attempt at a mail has the same Message-ID and the same bytes', async ({ app, subject }) => {
  await subscribeMail(app, addressOf(subject), { subjectFilter: subject })
  const raws: Buffer[] = []
  server.decide((question) => {
    if (question.kind !== 'message') return undefined
    raws.push(question.mail.raw)
    return raws.length < 3 ? 450 : undefined
  })
  await app.publish({ subject, data: 'again' })
  await server.waitFor(() => raws.length === 3)
  for (const raw of raws) expect(raw.equals(raws[0] ?? Buffer.of())).toBe(true)
})

test('a permanently rejected recipient or message is given up, once, and its series goes on', async ({
  app,
  subject,
}) => {
  const address = addressOf(subject)
  await subscribeMail(app, address, { subjectFilter: subject })
  server.decide((question) => (isMessage(question, 'refused') ? 554 : undefined))
  const refused = await app.publish({ subject, data: 'refused' })
  await app.publish({ subject, data: 'next' })
  await server.waitFor(() => mailsTo(server, address).length === 1)
  expect(mailedData(mailsTo(server, address))).toEqual(['next'])
  await eventually(() => notificationsOf(app, refused)).toMatchObject([{ state: 'given_up', attempts: 1 }])
  expect(await failuresOf(app, refused)).toEqual(['smtp_554'])

  server.decide((question) => (question.kind === 'recipient' && question.address === address ? 550 : undefined))
  const unknown = await app.publish({ subject, data: 'unknown' })
  await eventually(() => notificationsOf(app, unknown)).toMatchObject([{ state: 'given_up', attempts: 1 }])
  expect(await failuresOf(app, unknown)).toEqual(['smtp_550'])
})

test('an old address that no creation would accept now is given up without asking the server', async ({
  app,
  subject,
}) => {
  await subscribeMail(app, `jane-${subject}@example.org`, { subjectFilter: subject })
  await changeTargetAddress(app.db, `jane-${subject}@example.org`, `Jane <jane-${subject}@example.org>`)
  const uuid = await app.publish({ subject })
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'given_up', attempts: 1 }])
  expect(await failuresOf(app, uuid)).toEqual(['bad_address'])
  expect(
    server.asked.filter((question) => question.kind === 'recipient' && question.address.includes(subject)),
  ).toEqual([])
})

test('a rejection of our sender gives up no mail: when it is fixed, the mails are sent in order', async ({
  app,
  subject,
}) => {
  const address = addressOf(subject)
  await subscribeMail(app, address, { subjectFilter: subject })
  server.decide(({ kind }) => (kind === 'sender' ? 550 : undefined))
  const uuid = await app.publish({ subject, data: 'first' })
  await app.publish({ subject, data: 'second' })
  await eventually(async () => (await failuresOf(app, uuid)).length).toBeGreaterThan(3)
  expect(await notificationsOf(app, uuid)).toMatchObject([{ state: 'waiting' }])
  server.decide(() => undefined)
  await server.waitFor(() => mailsTo(server, address).length === 2)
  expect(mailedData(mailsTo(server, address))).toEqual(['first', 'second'])
})

test('what is published while the mail server is down is sent, in order, when it is back', async ({ app, subject }) => {
  const address = addressOf(subject)
  await subscribeMail(app, address, { subjectFilter: subject })
  await server.goDown()
  const uuids = [await app.publish({ subject, data: 'one' }), await app.publish({ subject, data: 'two' })]
  await eventually(() => failuresOf(app, uuids[0] ?? '')).toContain('connect_refused')
  await server.comeUp()
  await server.waitFor(() => mailsTo(server, address).length === 2)
  expect(mailedData(mailsTo(server, address))).toEqual(['one', 'two'])
  for (const uuid of uuids) await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered' }])
})

test('a DELETE cancels the mails that wait, and nothing more is sent', async ({ app, subject }) => {
  const address = addressOf(subject)
  const name = await subscribeMail(app, address, { subjectFilter: subject })
  server.decide((question) => (question.kind === 'recipient' && question.address === address ? 450 : undefined))
  const uuids = [await app.publish({ subject }), await app.publish({ subject })]
  for (const uuid of uuids) await isDispatched(app, uuid)
  await eventually(async () => (await failuresOf(app, uuids[0] ?? '')).length).toBeGreaterThan(0)
  expect(await app.client.call('DELETE', `/subscriptions/byName/${name}`)).toMatchObject({ status: 200 })
  for (const uuid of uuids) await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled' }])
  expect(mailsTo(server, address)).toEqual([])
  await eventually(() => storedLanes(app.db, { address })).toEqual([])
})

test.for([
  [undefined, 'delivered'],
  [550, 'given_up'],
] as const)(
  'an event that removes subscriptions does so when its mail is settled (%s: %s), and not before',
  async ([finalAnswer, state], { app, subject }) => {
    const address = addressOf(subject)
    await subscribeMail(app, address, { subjectFilter: subject })
    let answer: number | undefined = 451
    server.decide((question) => (isMessage(question, 'last') ? answer : undefined))
    const uuid = await app.publish({ subject, data: 'last', deleteSubscriptionsMatchingSubject: true })
    await eventually(() => failuresOf(app, uuid)).toContain('smtp_451')
    const living = () => livingSubscriptions(app.db, { subjectFilter: subject })
    expect(await living()).toHaveLength(1)
    answer = finalAnswer
    await eventually(living).toEqual([])
    expect(await notificationsOf(app, uuid)).toMatchObject([{ state }])
  },
)
