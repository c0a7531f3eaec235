import { createServer } from 'node:net'
import type { MailServer } from '@tidings/server/config.ts'
import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startMailServer, type MailServerOptions } from './support/mail-server.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { startScriptedMailServer, type MailScript } from './support/scripted-mail-server.ts'
import { TEST_RECIPIENT, testSmtpSender } from './support/smtp-sender.ts'

type SenderParts = Parameters<typeof testSmtpSender>[1]

async function realServer(options: MailServerOptions = {}, parts: SenderParts = {}) {
  const server = await startMailServer({ encryption: 'none', ...options })
  const sender = testSmtpSender(server, parts)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}

async function scriptedServer(script: MailScript, { login, ...parts }: SenderParts & { readonly login?: MailServer['login'] } = {}) {
  const server = await startScriptedMailServer(script)
  const sender = testSmtpSender({ port: server.port, login }, parts)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}

test.each<[string, MailScript, object]>([
  ['greeting', { greeting: '554 not here' }, { kind: 'refused', smtpCode: 554, stage: 'session' }],
  ['greeting', { greeting: '421 too many' }, { kind: 'refused', smtpCode: 421, stage: 'session' }],
  ['greeting', { greeting: 'HTTP/1.1 400 Bad Request' }, { kind: 'failed', reason: 'bad_answer' }],
  ['EHLO and HELO', { answers: { EHLO: '550 no', HELO: '550 no' } }, { kind: 'refused', smtpCode: 550, stage: 'session' }],
  ['MAIL FROM', { answers: { MAIL: '550 who?' } }, { kind: 'refused', smtpCode: 550, stage: 'sender' }],
  ['MAIL FROM', { answers: { MAIL: '530 log in' } }, { kind: 'refused', smtpCode: 530, stage: 'sender' }],
  ['RCPT TO', { answers: { RCPT: '550 5.1.1 nobody' } }, { kind: 'refused', smtpCode: 550, stage: 'recipient' }],
  ['RCPT TO', { answers: { RCPT: '450 later' } }, { kind: 'refused', smtpCode: 450, stage: 'recipient' }],
  ['DATA', { answers: { DATA: '554 no' } }, { kind: 'refused', smtpCode: 554, stage: 'message' }],
  ['text', { answers: { '.': '552 too much' } }, { kind: 'refused', smtpCode: 552, stage: 'message' }],
  ['text', { answers: { '.': '451 later' } }, { kind: 'refused', smtpCode: 451, stage: 'message' }],
  ['text', { answers: { '.': '250 taken' } }, { kind: 'accepted' }],
  ['pipelined MAIL FROM', { answers: { EHLO: '250-scripted\r\n250 PIPELINING', MAIL: '550 who?', RCPT: '503 no sender', DATA: '503 no sender' } }, { kind: 'refused', smtpCode: 550, stage: 'sender' }],
  ['pipelined RCPT TO', { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '450 later', DATA: '554 nobody' } }, { kind: 'refused', smtpCode: 450, stage: 'recipient' }],
  ['pipelined RCPT TO, although DATA is taken', { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '550-5.1.1 nobody\r\n550 5.1.1 of that name' } }, { kind: 'refused', smtpCode: 550, stage: 'recipient' }],
  ['pipelined RCPT TO that ends the session', { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '421 4.7.0 bye' } }, { kind: 'refused', smtpCode: 421 }],
  ['announced size', { answers: { EHLO: '250-scripted\r\n250 SIZE 100' } }, { kind: 'refused', smtpCode: 552, stage: 'message' }],
])('an answer to the %s comes back as what it is: %j', async (_stage, script, expected) => {
  const { sender } = await scriptedServer(script)
  expect(await sender.post()).toMatchObject(expected)
})

test.each(['EHLO', 'MAIL', 'RCPT', 'DATA', '.'])('a connection that is cut at %s is closed_early, and says whether the text may have arrived', async (verb) => {
  const { sender } = await scriptedServer({ answers: { [verb]: 'cut' } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'closed_early', stage: verb === '.' ? 'answer' : 'connect' })
})

test.each<[string, MailScript, object]>([
  ['before the greeting', { greeting: undefined }, { reason: 'connect_timeout', stage: 'connect' }],
  ['at EHLO', { answers: { EHLO: 'withheld' } }, { reason: 'answer_timeout', stage: 'connect' }],
  ['at RCPT TO', { answers: { RCPT: 'withheld' } }, { reason: 'answer_timeout', stage: 'connect' }],
  ['after the text', { answers: { '.': 'withheld' } }, { reason: 'answer_timeout', stage: 'answer' }],
])('a server that falls silent %s costs the time limit and no more', async (_when, script, expected) => {
  const { server, sender } = await scriptedServer(script, { limits: { greetingMs: 200, commandMs: 400, dataMs: 400, finalMs: 400 } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', ...expected })
  await server.allClosed()
})

test('a server that says something again and again still has the time limit for all of it', async () => {
  const { server, sender } = await scriptedServer({ answers: { RCPT: 'withheld' } }, { limits: { untilFinalMs: 400, commandMs: 10_000 } })
  const talking = setInterval(() => server.connections.at(-1)?.write('250-'), 50)
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'answer_timeout', stage: 'connect' })
  clearInterval(talking)
  await server.allClosed()
})

test('where nobody listens, or the name does not exist, the result says so', async () => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const address = free.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => free.close(resolve))
  for (const [host, reason] of [['127.0.0.1', 'connect_refused'], ['localhost', 'connect_refused'], ['mail.invalid', 'dns']] as const) {
    const sender = testSmtpSender({ host, port })
    expect(await sender.post()).toMatchObject({ kind: 'failed', reason, stage: 'connect' })
    await sender.close()
  }
})

test('whether a mail may be sent is asked when the server wants its text, and not before', async () => {
  const { server, sender } = await scriptedServer({})
  let linesWhenAsked: readonly string[] = []
  const maySend = () => {
    linesWhenAsked = [...server.lines]
    return true
  }
  expect(await sender.post({ maySend })).toMatchObject({ kind: 'accepted' })
  expect(linesWhenAsked.at(-1)).toBe('DATA')
})

test('a mail that may not be sent leaves nothing with the server, and the pool goes on', async () => {
  const { server, sender } = await realServer()
  for (const mayBe of [true, false, false, true, false, true]) {
    expect(await sender.post({ maySend: () => mayBe })).toMatchObject({ kind: mayBe ? 'accepted' : 'not_sent' })
  }
  expect(server.accepted).toHaveLength(3)
  expect(server.asked.filter(({ kind }) => kind === 'message')).toHaveLength(3)
})

test('many mails of which every other may not be sent: exactly the right ones arrive', async () => {
  const { server, sender } = await realServer()
  const uuids = Array.from({ length: 60 }, (_, index) => `00000000-0000-4000-8000-0000000000${String(index).padStart(2, '0')}`)
  const results = await Promise.all(uuids.map((uuid, index) => sender.post({ uuid, maySend: () => index % 2 === 0 })))
  expect(results.map(({ kind }) => kind)).toEqual(uuids.map((_, index) => (index % 2 === 0 ? 'accepted' : 'not_sent')))
  expect(server.accepted.map(({ notification }) => notification.uuid).sort()).toEqual(uuids.filter((_, index) => index % 2 === 0))
})

test('a server that takes longer than a claim may be old gets a claim that was read anew', async () => {
  const { server, sender } = await realServer()
  let isFresh = false
  let renewals = 0
  const renew = (result: boolean) => () => {
    renewals += 1
    isFresh = result
    return Promise.resolve()
  }
  expect(await sender.post({ maySend: () => isFresh, renew: renew(true) })).toMatchObject({ kind: 'accepted' })
  expect(await sender.post({ maySend: () => isFresh, renew: renew(false) })).toMatchObject({ kind: 'accepted' })
  expect(renewals).toBe(1)
  isFresh = false
  expect(await sender.post({ maySend: () => isFresh, renew: renew(false) })).toEqual({ kind: 'not_sent' })
  expect(server.accepted).toHaveLength(2)
})

test('mails that follow each other share a connection, and a refusal does not cost it', async () => {
  const { server, sender } = await realServer()
  server.decide((question) => (question.kind === 'recipient' && question.address.startsWith('nobody') ? 550 : undefined))
  await sender.post()
  expect(await sender.post({ address: 'nobody@example.org' })).toMatchObject({ kind: 'refused', smtpCode: 550, stage: 'recipient' })
  await sender.post()
  expect(new Set(server.accepted.map(({ connection }) => connection)).size).toBe(1)
})

test('mails at the same moment have connections of their own, which later ones use again', async () => {
  const { server, sender } = await realServer()
  server.decide(async ({ kind }) => {
    if (kind === 'message') await server.waitFor(() => server.asked.filter((one) => one.kind === 'message').length >= 3)
    return undefined
  })
  for (let round = 0; round < 2; round += 1) {
    const results = await Promise.all(Array.from({ length: 3 }, () => sender.post()))
    expect(results.every(({ kind }) => kind === 'accepted')).toBe(true)
  }
  expect(server.asked.filter(({ kind }) => kind === 'connect')).toHaveLength(3)
})

test('an idle connection that the server has closed costs no attempt', async () => {
  const { server, sender } = await realServer()
  for (let round = 0; round < 3; round += 1) {
    expect(await sender.post()).toMatchObject({ kind: 'accepted' })
    server.cutConnections()
  }
  expect(server.accepted).toHaveLength(3)
})

test('a connection that the server cuts before it has any of the text costs no attempt either, if mails went over it before', async () => {
  const { server, sender } = await realServer()
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  let cuts = 0
  server.decide(({ kind }) => {
    if (kind !== 'sender' || cuts > 0) return undefined
    cuts += 1
    server.cutConnections()
    return 'withheld'
  })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect([cuts, server.accepted.length]).toEqual([1, 2])
})

test('a server whose answer has no end is cut off', async () => {
  const { server, sender } = await scriptedServer({ answers: { EHLO: `250-${'x'.repeat(20_000)}\r\n250-` } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'bad_answer', stage: 'connect' })
  await server.allClosed()
})

test('a server that comes back is used again at once', async () => {
  const { server, sender } = await realServer()
  await sender.post()
  await server.goDown()
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'connect_refused' })
  await server.comeUp()
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
})

test('trouble with the server is logged when it begins and when it is over, without the password; a refused recipient is none', async () => {
  const { log, lines, messages } = createRecordingLog()
  const server = await startMailServer({ encryption: 'none', needsLogin: true })
  const sender = testSmtpSender({ ...server, login: { user: 'tapis', password: 'geheim' } }, { log })
  server.decide(({ kind }) => (kind === 'login' ? 535 : undefined))
  for (let round = 0; round < 3; round += 1) await sender.post()
  server.decide(({ kind }) => (kind === 'recipient' ? 550 : undefined))
  await sender.post()
  server.decide(() => undefined)
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(messages).toEqual(['failing, will be retried', 'recovered'])
  expect(lines.join()).toContain('535')
  expect(lines.join()).not.toMatch(/geheim|AHRhcGlzAGdlaGVpbQ/)
  await sender.close()
  await server.close()
})

test.each<[string, MailScript['answers']]>([
  ['AUTH PLAIN', { EHLO: '250-scripted\r\n250 AUTH PLAIN', AUTH: '535-5.7.8 you said: AUTH PLAIN AHRhcGlzAGdlaGVpbQ==\r\n535 5.7.8 that is tapis with geheim' }],
  ['AUTH PLAIN', { EHLO: '250-scripted\r\n250 AUTH PLAIN', AUTH: '500 5.5.1 UNKNOWN COMMAND AUTH PLAIN AHRHCGLZAGDLAGVPBQ==' }],
  ['AUTH LOGIN', { EHLO: '250-scripted\r\n250 AUTH LOGIN', AUTH: '334 VXNlcm5hbWU6', 'DGFWAXM=': '535 dGFwaXM= who?' }],
  ['AUTH LOGIN', { EHLO: '250-scripted\r\n250 AUTH LOGIN', AUTH: '334 VXNlcm5hbWU6', 'DGFWAXM=': '334 UGFzc3dvcmQ6', 'Z2VOZWLT': '535 5.7.8 Z2VoZWlt: no' }],
  ['no AUTH', { MAIL: '530 5.7.0 tapis/geheim may not send (AHRhcGlzAGdlaGVpbQ==)' }],
])('a server that repeats the login after %s does not get it into the log: %j', async (_method, answers) => {
  const { log, lines } = createRecordingLog()
  const { server, sender } = await scriptedServer({ ...(answers && { answers }) }, { log, login: { user: 'tapis', password: 'geheim' } })
  expect(await sender.post()).toMatchObject({ kind: 'refused', stage: answers?.MAIL === undefined ? 'session' : 'sender' })
  expect(server.lines.some((line) => line.startsWith('AUTH'))).toBe(answers?.MAIL === undefined)
  expect(lines).toHaveLength(1)
  expect(lines.join()).toContain('[redacted]')
  expect(lines.join()).not.toMatch(/geheim|tapis|AHRhcGlzAGdlaGVpbQ|dGFwaXM|Z2VoZWlt/i)
})

test.each(['RCPT', '.'])('a caller who gives up while the server is silent at %s is answered at once, and the connection is gone', async (verb) => {
  const { server, sender } = await scriptedServer({ answers: { [verb]: 'withheld' } })
  const caller = new AbortController()
  const sent = sender.post({ signal: caller.signal })
  await expect.poll(() => server.lines.some((line) => line.startsWith(verb)), { interval: 5 }).toBe(true)
  caller.abort()
  expect(await sent).toEqual({ kind: 'aborted', wasWritten: verb === '.' })
  await server.allClosed()
})

test('after a close nothing is under way, nothing is open, and nothing is sent', async () => {
  const { server, sender } = await scriptedServer({ answers: { '.': 'withheld' } })
  const sent: Promise<SendResult>[] = Array.from({ length: 15 }, () => sender.post())
  await expect.poll(() => server.lines.filter((line) => line === '.').length, { interval: 5 }).toBe(15)
  await sender.close()
  for (const result of await Promise.all(sent)) expect(result).toMatchObject({ kind: 'aborted' })
  await server.allClosed()
  expect(await sender.post()).toEqual({ kind: 'aborted', wasWritten: false })
  expect(server.lines.filter((line) => line.startsWith(`RCPT TO:<${TEST_RECIPIENT}>`))).toHaveLength(15)
})
