import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMailServer, type TestMailServer } from './support/mail-server.ts'
import { mailEnv } from './support/mail-helpers.ts'
import { createOperator, type Operator } from './support/operator.ts'
import { jobEvent } from './support/test-app.ts'

let server: TestMailServer
let operator: Operator

beforeAll(async () => {
  server = await startMailServer({ encryption: 'none' })
  operator = await createOperator(mailEnv(server))
})

afterAll(async () => {
  await operator.cleanUp()
  await server.close()
})

test('after kill -9 between acceptance and settlement of a mail, it is sent again, then the next', async () => {
  const life = await operator.start()
  const deliveryTargets = [{ deliveryMethod: 'EMAIL', deliveryAddress: 'someone@example.org' }]
  expect(
    await operator.client.call('POST', '/subscriptions', {
      typeFilter: 'jobs.*.*',
      subjectFilter: '*',
      deliveryTargets,
    }),
  ).toMatchObject({ status: 201 })
  const raws: Buffer[] = []
  server.decide((question) => {
    if (question.kind !== 'message') return undefined
    raws.push(question.mail.raw)
    // Taken, as far as the server is concerned; its word never reaches the client.
    return raws.length === 1 ? 'withheld' : undefined
  })
  for (const data of ['first', 'second'])
    expect(await operator.client.call('POST', '/events/publish', jobEvent({ data }))).toMatchObject({ status: 200 })
  await server.waitFor(() => raws.length === 1)
  await life.end('SIGKILL')
  const next = await operator.start()
  const [again, second] = await server.take(2, 20_000)
  expect(again?.raw.equals(raws[0] ?? Buffer.of())).toBe(true)
  expect([again?.notification.event.data, second?.notification.event.data]).toEqual(['first', 'second'])
  expect(second?.parsed.messageId).not.toBe(again?.parsed.messageId)
  expect(await next.end('SIGTERM')).toBe(0)
})

test('SIGTERM ends the process within its limits although the mail server hangs', async () => {
  const life = await operator.start()
  server.decide(({ kind }) => (kind === 'recipient' ? 'withheld' : undefined))
  const before = server.asked.length
  await operator.client.call('POST', '/events/publish', jobEvent({ data: 'hangs' }))
  await server.waitFor(() => server.asked.slice(before).some(({ kind }) => kind === 'recipient'))
  const startedAt = performance.now()
  expect(await life.end('SIGTERM')).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(15_000)
  expect(operator.alarms()).toEqual([])
})
