import { setTimeout as delay } from 'node:timers/promises'
import { startReceiver } from '@tidings/harness/receiver.ts'
import { isStillDue } from '@tidings/server/delivery/lane.ts'
import { settleGroup } from '@tidings/server/delivery/settle.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/app.ts'
import { createDatabaseForTest } from './support/database.ts'
import { startMailServer, type TestMailServer } from './support/mail-server.ts'
import { addressOf, mailEnv, mailsTo, subscribeMail } from './support/mail-test.ts'
import { mailedData } from './support/received-mail.ts'
import { eventually, failuresOf, isDispatched, notificationsOf } from './support/service-test.ts'
import { createGate, openSteps, settled } from './support/steps.ts'

/** Longer than a claim may be old before its attempt starts. */
const SLOW_MS = 1700

/** A service, and the server that it sends its mails to. */
async function mailing(): Promise<{ app: TestApp; server: TestMailServer }> {
  const server = await startMailServer({ encryption: 'none' })
  onTestFinished(() => server.close())
  const app = await startAppForTest({ env: mailEnv(server) })
  return { app, server }
}

test('a server that thinks about each recipient for longer than a claim may be old gets its mails, in order, at the first attempt', async () => {
  const { app, server } = await mailing()
  const address = addressOf('slow')
  await subscribeMail(app, address, { subjectFilter: 'slow' })
  server.decide(async ({ kind }) => {
    if (kind === 'recipient') await delay(SLOW_MS)
    return undefined
  })
  const uuids = [await app.publish({ subject: 'slow', data: 'one' }), await app.publish({ subject: 'slow', data: 'two' })]
  expect(mailedData(await server.take(2))).toEqual(['one', 'two'])
  for (const uuid of uuids) await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered', attempts: 1 }])
})

test('a mail whose subscription is deleted while the server thinks about its recipient is not sent', async () => {
  const { app, server } = await mailing()
  const name = await subscribeMail(app, addressOf('deleted'), { subjectFilter: 'deleted' })
  const answered = createGate()
  server.decide(async ({ kind }) => {
    if (kind === 'recipient') await Promise.all([answered.opened, delay(SLOW_MS)])
    return undefined
  })
  const uuid = await app.publish({ subject: 'deleted' })
  await server.waitFor(() => server.asked.some(({ kind }) => kind === 'recipient'))
  expect(await app.client.call('DELETE', `/subscriptions/byName/${name}`)).toMatchObject({ status: 200 })
  answered.open()
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'cancelled', attempts: 0 }])
  expect(server.asked.filter(({ kind }) => kind === 'message')).toEqual([])
})

test('a claim is found again as long as it is the head, ours, and not of a deleted subscription', async () => {
  const steps = await openSteps()
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ seriesId: 'a' }, { seriesId: 'a' }, { seriesId: 'b' })
  await steps.dispatch()
  const heads = await steps.claim()
  const isDue = (holding = steps.holding) => Promise.all(heads.map((head) => isStillDue(steps.db, holding, head)))
  expect(await isDue()).toEqual([true, true])
  expect(await isDue({ ...steps.holding, ownerId: '00000000-0000-4000-8000-000000000000' })).toEqual([false, false])
  const [first] = heads
  if (first) await settleGroup(steps.db, steps.holding, [settled(first)], new Set())
  expect(await isDue()).toEqual([false, true])
  await steps.db.query(sql`update partition set epoch = 8`)
  expect(await isDue()).toEqual([false, false])
  await steps.db.query(sql`update partition set epoch = 7`)
  await steps.db.query(sql`update subscription set ended = now(), end_reason = 'expired'`)
  expect(await isDue()).toEqual([false, true])
  await steps.db.query(sql`update subscription set end_reason = 'deleted'`)
  expect(await isDue()).toEqual([false, false])
  await steps.stop()
})

test('a mail server that takes connections and says nothing delays no webhook', async () => {
  const { app, server } = await mailing()
  const receiver = await startReceiver()
  server.decide(({ kind }) => (kind === 'connect' ? 'withheld' : undefined))
  for (let index = 0; index < 30; index += 1) await subscribeMail(app, addressOf(`dead-${index}`), { subjectFilter: '*' })
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*' })
  const uuid = await app.publish({ subject: 'first' })
  await receiver.take(1)
  await server.waitFor(() => server.asked.length === 5)
  // All connections that an unknown domain may have wait for a greeting.
  expect(await failuresOf(app, uuid)).toEqual([])
  await Promise.all(Array.from({ length: 200 }, (_, series) => app.publish({ subject: 'busy', seriesId: String(series) })))
  await receiver.take(200)
  expect(server.accepted).toEqual([])
  server.decide(() => undefined)
  server.cutConnections()
  await receiver.close()
})

test('of one address at most two mails are under way, so that the others have their turn', async () => {
  const { app, server } = await mailing()
  const [busy, other] = [addressOf('busy'), addressOf('other')]
  await subscribeMail(app, busy, { subjectFilter: 'busy' })
  await subscribeMail(app, other, { subjectFilter: 'other' })
  const mayAnswer = createGate()
  server.decide(async (question) => {
    if (question.kind === 'recipient' && question.address === busy) await mayAnswer.opened
    return undefined
  })
  await Promise.all(Array.from({ length: 20 }, (_, series) => app.publish({ subject: 'busy', seriesId: String(series) })))
  const recipients = () => server.asked.filter((question) => question.kind === 'recipient' && question.address === busy).length
  await server.waitFor(() => recipients() === 2)
  await app.publish({ subject: 'other' })
  await server.waitFor(() => mailsTo(server, other).length === 1)
  expect(recipients()).toBe(2)
  mayAnswer.open()
  await server.waitFor(() => mailsTo(server, busy).length === 20)
})

test('a stop does not wait for a mail server that says nothing, and its mails go out after the next start', async () => {
  const server = await startMailServer({ encryption: 'none' })
  onTestFinished(() => server.close())
  const db = await createDatabaseForTest({ isEmpty: true })
  const first = await startAppForTest({ env: mailEnv(server), db })
  const address = addressOf('stopped')
  await subscribeMail(first, address, { subjectFilter: 'stopped' })
  server.decide(({ kind }) => (kind === 'recipient' ? 'withheld' : undefined))
  const uuid = await first.publish({ subject: 'stopped', data: 'later' })
  await isDispatched(first, uuid)
  await server.waitFor(() => server.asked.some(({ kind }) => kind === 'recipient'))
  const stoppedAt = performance.now()
  await first.stop()
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  server.decide(() => undefined)
  const second = await startAppForTest({ env: mailEnv(server), db })
  await server.waitFor(() => mailsTo(server, address).length === 1)
  await eventually(() => notificationsOf(second, uuid)).toMatchObject([{ state: 'delivered', attempts: 1 }])
})
