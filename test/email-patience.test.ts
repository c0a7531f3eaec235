import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { SMTP_LIMITS } from '@tidings/server/delivery/email/smtp-limits.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { startMailServer } from './support/mail-server.ts'
import { addressOf, mailEnv, mailsTo, subscribeMail } from './support/mail-helpers.ts'
import { startScriptedMailServer, type MailScript } from './support/scripted-mail-server.ts'
import { eventually, notificationsOf } from './support/service-fixtures.ts'
import { createTestSmtpSender } from './support/test-smtp-sender.ts'
import { createGate } from './support/stepwise-service.ts'

const MINUTE = 60_000
/** Of every wait but the one that a test is about. */
const SHORT_MS = 250
const LONG_MS = 1000
const SHORT = {
  connectMs: SHORT_MS,
  tlsMs: SHORT_MS,
  greetingMs: SHORT_MS,
  commandMs: SHORT_MS,
  dataMs: SHORT_MS,
  blockMs: SHORT_MS,
  finalMs: SHORT_MS,
}

async function patient(script: MailScript, limits: Parameters<typeof createTestSmtpSender>[1] = {}) {
  const server = await startScriptedMailServer(script)
  const sender = createTestSmtpSender(server, limits)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}

test('the service waits for a mail server as long as RFC 5321 4.5.3.2 says', () => {
  expect(SMTP_LIMITS).toMatchObject({
    greetingMs: 5 * MINUTE,
    commandMs: 5 * MINUTE,
    dataMs: 2 * MINUTE,
    blockMs: 3 * MINUTE,
    finalMs: 10 * MINUTE,
  })
})

test.each([
  ['the greeting', 'greeting', 'greetingMs'],
  ['EHLO', 'EHLO', 'commandMs'],
  ['MAIL', 'MAIL', 'commandMs'],
  ['RCPT', 'RCPT', 'commandMs'],
  ['DATA', 'DATA', 'dataMs'],
  ['the dot', '.', 'finalMs'],
] as const)('a server that is slow to answer %s has the time for it that is its own', async (_what, verb, limit) => {
  const script = { delaysMs: { [verb]: LONG_MS } }
  const { server, sender } = await patient(script, { limits: { ...SHORT, [limit]: 10 * LONG_MS } })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(server.lines.filter((line) => line === '.')).toHaveLength(1)
  const hasty = await patient(script, {
    limits: {
      ...SHORT,
      greetingMs: 10 * LONG_MS,
      commandMs: 10 * LONG_MS,
      dataMs: 10 * LONG_MS,
      finalMs: 10 * LONG_MS,
      [limit]: SHORT_MS,
    },
  })
  expect(await hasty.sender.post()).toMatchObject({ kind: 'failed', stage: verb === '.' ? 'answer' : 'connect' })
})

test('commands that are sent together have their limits one after the other', async () => {
  const script = { answers: { EHLO: '250-scripted\r\n250 PIPELINING' }, delaysMs: { MAIL: 400, RCPT: 800, DATA: 1200 } }
  const { sender } = await patient(script, { limits: { commandMs: 600, dataMs: 600 } })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  const hasty = await patient(script, { limits: { commandMs: 600, dataMs: 200 } })
  expect(await hasty.sender.post()).toMatchObject({ kind: 'failed', reason: 'answer_timeout', stage: 'connect' })
})

test('the limit for everything before the last reply does not include the wait for that reply', async () => {
  const { sender } = await patient({ delaysMs: { '.': LONG_MS } }, { limits: { untilFinalMs: 500 } })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
})

test('a server that reads a text in small pieces gets all of it; one that stops reading is left', async () => {
  const data = 'x'.repeat(3 * 1024 * 1024)
  const slow = await patient({}, { limits: { blockMs: 1000, untilFinalMs: 60_000 } })
  const reading = slow.sender.post({ event: { data } })
  await expect.poll(() => slow.server.lines.at(-1), { interval: 5 }).toBe('DATA')
  const [socket] = slow.server.connections
  socket?.on('data', () => {
    socket.pause()
    void delay(2).then(() => socket.resume())
  })
  expect(await reading).toMatchObject({ kind: 'accepted' })
  const stuck = await patient({ stopsReadingAt: 'DATA' }, { limits: { blockMs: 300, finalMs: 10_000 } })
  expect(await stuck.sender.post({ event: { data } })).toMatchObject({
    kind: 'failed',
    reason: 'answer_timeout',
    stage: 'answer',
  })
  const [other] = stuck.server.connections
  if (!other) throw new Error('no connection')
  other.resume()
  await once(other, 'close')
})

test('when a server rejects a text before its end the session is closed, with no command in the text', async () => {
  const { server, sender } = await patient({
    answers: { DATA: '354 go on\r\n552 too much' },
    stopsReadingAt: 'DATA',
  })
  const sent = sender.post({ event: { data: 'x'.repeat(8 * 1024 * 1024) } })
  expect(await sent).toMatchObject({ kind: 'refused', smtpCode: 552, stage: 'message' })
  for (const socket of server.connections) socket.resume()
  await server.allClosed()
  expect(server.lines.at(-1)).toBe('DATA')
})

test.each(['221 bye', 'withheld'])(
  'an idle session is closed with QUIT, whatever comes back (%s)',
  async (farewell) => {
    const { server, sender } = await patient(
      { answers: { QUIT: farewell } },
      { limits: { idleMs: 50, farewellMs: 100 } },
    )
    expect(await sender.post()).toMatchObject({ kind: 'accepted' })
    await server.allClosed()
    expect(server.lines.at(-1)).toBe('QUIT')
  },
)

async function mailing(): Promise<{ app: TestApp; server: Awaited<ReturnType<typeof startMailServer>> }> {
  const server = await startMailServer({ encryption: 'none' })
  onTestFinished(() => server.close())
  return { app: await startAppForTest({ env: mailEnv(server) }), server }
}

test('mails of a domain that wait for their last reply hold up no other domain, and each is sent once', async () => {
  const { app, server } = await mailing()
  const mayAnswer = createGate()
  const isSlow = (address: string) => address.endsWith('@slow.example')
  server.decide(async (question) => {
    if (question.kind === 'message' && question.mail.recipients.some(isSlow)) await mayAnswer.opened
    return undefined
  })
  const slow = Array.from({ length: 30 }, (_, index) => `${index}@slow.example`)
  for (const address of slow) await subscribeMail(app, address, { subjectFilter: 'slow' })
  const prompt = Array.from({ length: 4 }, (_, index) => addressOf(`prompt-${index}`))
  for (const address of prompt) await subscribeMail(app, address, { subjectFilter: 'prompt' })
  const waiting = () =>
    server.asked.filter((question) => question.kind === 'message' && question.mail.recipients.some(isSlow)).length
  await app.publish({ subject: 'slow', seriesId: 'one' })
  await server.waitFor(() => waiting() === 5)
  for (let round = 0; round < 20; round += 1) await app.publish({ subject: 'prompt', seriesId: 'one' })
  await server.waitFor(() => prompt.every((address) => mailsTo(server, address).length === 20))
  expect(waiting()).toBe(5)
  const second = await app.publish({ subject: 'slow', seriesId: 'one' })
  mayAnswer.open()
  await server.waitFor(() => slow.every((address) => mailsTo(server, address).length === 2), 20_000)
  await eventually(async () =>
    (await notificationsOf(app, second)).every(({ state, attempts }) => state === 'delivered' && attempts === 1),
  ).toBe(true)
  expect(
    server.asked.filter((question) => question.kind === 'message' && question.mail.recipients.some(isSlow)),
  ).toHaveLength(60)
})
