import { setTimeout as delay } from 'node:timers/promises'
import { startReceiver } from '@tidings/harness/receiver.ts'
import type { Db } from '@tidings/server/db/db.ts'
import { createDeletions } from '@tidings/server/lanes/deletions.ts'
import { createLog } from '@tidings/server/log.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { startMailServer, type TestMailServer } from './support/mail-server.ts'
import { addressOf, mailEnv, mailsTo, subscribeMail } from './support/mail-helpers.ts'
import { mailedData } from './support/received-mail.ts'
import { eventually, failuresOf, isDispatched, notificationsOf } from './support/service-fixtures.ts'
import { createGate, openStepwiseService } from './support/stepwise-service.ts'
import { endSubscriptions, storedSubscriptions, storedTargets } from './support/stored-state.ts'

/** Longer than a look for deletions may be old when a mail leaves. */
const SLOW_MS = 1700

/** A service, and the server that it sends its mails to. */
async function mailing(): Promise<{ app: TestApp; server: TestMailServer }> {
  const server = await startMailServer({ encryption: 'none' })
  onTestFinished(() => server.close())
  const app = await startAppForTest({ env: mailEnv(server) })
  return { app, server }
}

test('a server that takes longer than the age limit of a look gets its mails, in order, at one attempt', async () => {
  const { app, server } = await mailing()
  const address = addressOf('slow')
  await subscribeMail(app, address, { subjectFilter: 'slow' })
  server.decide(async ({ kind }) => {
    if (kind === 'recipient') await delay(SLOW_MS)
    return undefined
  })
  const uuids = [
    await app.publish({ subject: 'slow', data: 'one' }),
    await app.publish({ subject: 'slow', data: 'two' }),
  ]
  expect(mailedData(await server.take(2))).toEqual(['one', 'two'])
  for (const uuid of uuids)
    await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered', attempts: 1 }])
})

test('a mail whose subscription is deleted while the server checks its recipient is not sent', async () => {
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

test('a look for deletions finds what was deleted since the one before, however long the deletion took', async () => {
  const steps = await openStepwiseService()
  for (const path of ['a', 'b', 'c', 'd']) await steps.subscribe(`http://127.0.0.1/${path}`)
  const [before, slow, quick, expired] = await storedTargets(steps.db)
  if (!before || !slow || !quick || !expired) throw new Error('expected four targets')
  const subscriptions = new Map((await storedSubscriptions(steps.db)).map(({ id, name }) => [id, name]))
  const end = (db: Db, { subscriptionId }: typeof before, reason: 'deleted' | 'expired' = 'deleted') =>
    endSubscriptions(db, { name: required(subscriptions.get(subscriptionId), 'its name'), reason })
  await end(steps.db, before)
  const found: number[][] = []
  const deletions = createDeletions({
    db: steps.db,
    onDeleted: (targetIds) => found.push([...targetIds]),
    onFresh: () => undefined,
    log: createLog({ level: 'silent' }),
  })
  expect(deletions.isFresh()).toBe(false)
  deletions.start()
  await deletions.renew()
  expect([deletions.isFresh(), deletions.hasLooked()]).toEqual([true, true])
  // While anybody else's transaction runs on the server, a look finds what was deleted before it again.
  const newlyFound = () =>
    new Set(
      found
        .splice(0)
        .flat()
        .filter((id) => id !== before.id),
    )
  expect(newlyFound()).toEqual(new Set())
  await steps.db.transaction(async (tx) => {
    await end(tx, slow)
    await end(steps.db, quick)
    await end(steps.db, expired, 'expired')
    await deletions.renew()
    await deletions.renew()
  })
  expect(newlyFound()).toEqual(new Set([quick.id]))
  await deletions.renew()
  expect(newlyFound()).toContain(slow.id)
  await deletions.stop()
  await steps.stop()
})

test('a mail server that accepts connections and says nothing delays no webhook', async () => {
  const { app, server } = await mailing()
  const receiver = await startReceiver()
  server.decide(({ kind }) => (kind === 'connect' ? 'withheld' : undefined))
  for (let index = 0; index < 30; index += 1)
    await subscribeMail(app, addressOf(`dead-${index}`), { subjectFilter: '*' })
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: '*' })
  const uuid = await app.publish({ subject: 'first' })
  await receiver.take(1)
  await server.waitFor(() => server.asked.length === 5)
  // All connections that an unknown domain may have wait for a greeting.
  expect(await failuresOf(app, uuid)).toEqual([])
  await Promise.all(
    Array.from({ length: 200 }, (_, series) => app.publish({ subject: 'busy', seriesId: String(series) })),
  )
  await receiver.take(200)
  expect(server.accepted).toEqual([])
  server.decide(() => undefined)
  server.cutConnections()
  await receiver.close()
})

test('one address has at most two mails in flight, so that others get a share', async () => {
  const { app, server } = await mailing()
  const [busy, other] = [addressOf('busy'), addressOf('other')]
  await subscribeMail(app, busy, { subjectFilter: 'busy' })
  await subscribeMail(app, other, { subjectFilter: 'other' })
  const mayAnswer = createGate()
  server.decide(async (question) => {
    if (question.kind === 'recipient' && question.address === busy) await mayAnswer.opened
    return undefined
  })
  await Promise.all(
    Array.from({ length: 20 }, (_, series) => app.publish({ subject: 'busy', seriesId: String(series) })),
  )
  const recipients = () =>
    server.asked.filter((question) => question.kind === 'recipient' && question.address === busy).length
  await server.waitFor(() => recipients() === 2)
  await app.publish({ subject: 'other' })
  await server.waitFor(() => mailsTo(server, other).length === 1)
  expect(recipients()).toBe(2)
  mayAnswer.open()
  await server.waitFor(() => mailsTo(server, busy).length === 20)
})

test('a stop does not wait for a silent mail server, and its mails go out after the next start', async () => {
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
