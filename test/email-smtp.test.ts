import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { scriptedServer } from './support/mail-pairs.ts'
import { startMailServer } from './support/mail-server.ts'
import { createRecordingLog } from './support/recording-log.ts'
import type { MailScript } from './support/scripted-mail-server.ts'
import { createTestSmtpSender } from './support/test-smtp-sender.ts'

test.each<[string, MailScript, object]>([
  ['greeting', { greeting: '554 not here' }, { kind: 'refused', smtpCode: 554, stage: 'session' }],
  ['greeting', { greeting: '421 too many' }, { kind: 'refused', smtpCode: 421, stage: 'session' }],
  ['greeting', { greeting: 'HTTP/1.1 400 Bad Request' }, { kind: 'failed', reason: 'bad_answer' }],
  [
    'EHLO and HELO',
    { answers: { EHLO: '550 no', HELO: '550 no' } },
    { kind: 'refused', smtpCode: 550, stage: 'session' },
  ],
  ['MAIL FROM', { answers: { MAIL: '550 who?' } }, { kind: 'refused', smtpCode: 550, stage: 'sender' }],
  ['MAIL FROM', { answers: { MAIL: '530 log in' } }, { kind: 'refused', smtpCode: 530, stage: 'sender' }],
  ['RCPT TO', { answers: { RCPT: '550 5.1.1 nobody' } }, { kind: 'refused', smtpCode: 550, stage: 'recipient' }],
  ['RCPT TO', { answers: { RCPT: '450 later' } }, { kind: 'refused', smtpCode: 450, stage: 'recipient' }],
  ['DATA', { answers: { DATA: '554 no' } }, { kind: 'refused', smtpCode: 554, stage: 'message' }],
  ['text', { answers: { '.': '552 too much' } }, { kind: 'refused', smtpCode: 552, stage: 'message' }],
  ['text', { answers: { '.': '451 later' } }, { kind: 'refused', smtpCode: 451, stage: 'message' }],
  ['text', { answers: { '.': '250 taken' } }, { kind: 'accepted' }],
  [
    'pipelined MAIL FROM',
    {
      answers: {
        EHLO: '250-scripted\r\n250 PIPELINING',
        MAIL: '550 who?',
        RCPT: '503 no sender',
        DATA: '503 no sender',
      },
    },
    { kind: 'refused', smtpCode: 550, stage: 'sender' },
  ],
  [
    'pipelined RCPT TO',
    { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '450 later', DATA: '554 nobody' } },
    { kind: 'refused', smtpCode: 450, stage: 'recipient' },
  ],
  [
    'pipelined RCPT TO, although DATA is taken',
    { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '550-5.1.1 nobody\r\n550 5.1.1 of that name' } },
    { kind: 'refused', smtpCode: 550, stage: 'recipient' },
  ],
  [
    'pipelined RCPT TO that ends the session',
    { answers: { EHLO: '250-scripted\r\n250 PIPELINING', RCPT: '421 4.7.0 bye' } },
    { kind: 'refused', smtpCode: 421 },
  ],
  [
    'announced size',
    { answers: { EHLO: '250-scripted\r\n250 SIZE 100' } },
    { kind: 'refused', smtpCode: 552, stage: 'message' },
  ],
])('a reply to the %s is reported as what it is: %j', async (_stage, script, expected) => {
  const { sender } = await scriptedServer(script)
  expect(await sender.post()).toMatchObject(expected)
})

test.each(['EHLO', 'MAIL', 'RCPT', 'DATA', '.'])(
  'a connection that is cut at %s is closed_early, and says whether the text may have arrived',
  async (verb) => {
    const { sender } = await scriptedServer({ answers: { [verb]: 'cut' } })
    expect(await sender.post()).toMatchObject({
      kind: 'failed',
      reason: 'closed_early',
      stage: verb === '.' ? 'answer' : 'connect',
    })
  },
)

test.each<[string, MailScript, object]>([
  ['before the greeting', { greeting: undefined }, { reason: 'connect_timeout', stage: 'connect' }],
  ['at EHLO', { answers: { EHLO: 'withheld' } }, { reason: 'answer_timeout', stage: 'connect' }],
  ['at RCPT TO', { answers: { RCPT: 'withheld' } }, { reason: 'answer_timeout', stage: 'connect' }],
  ['after the text', { answers: { '.': 'withheld' } }, { reason: 'answer_timeout', stage: 'answer' }],
])('a server that goes silent %s costs the time limit and no more', async (_when, script, expected) => {
  const { server, sender } = await scriptedServer(script, {
    limits: { greetingMs: 200, commandMs: 400, dataMs: 400, finalMs: 400 },
  })
  expect(await sender.post()).toMatchObject({ kind: 'failed', ...expected })
  await server.allClosed()
})

test('a server that keeps sending something still has the time limit for all of it', async () => {
  const { server, sender } = await scriptedServer(
    { answers: { RCPT: 'withheld' } },
    { limits: { untilFinalMs: 400, commandMs: 10_000 } },
  )
  const talking = setInterval(() => server.connections.at(-1)?.write('250-'), 50)
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'answer_timeout', stage: 'connect' })
  clearInterval(talking)
  await server.allClosed()
})

test('when nothing listens, or the name does not exist, the result says so', async () => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const address = free.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => free.close(resolve))
  for (const [host, reason] of [
    ['127.0.0.1', 'connect_refused'],
    ['localhost', 'connect_refused'],
    ['mail.invalid', 'dns'],
  ] as const) {
    const sender = createTestSmtpSender({ host, port })
    expect(await sender.post()).toMatchObject({ kind: 'failed', reason, stage: 'connect' })
    await sender.close()
  }
})

test('a server whose reply has no end is cut off', async () => {
  const { server, sender } = await scriptedServer({ answers: { EHLO: `250-${'x'.repeat(20_000)}\r\n250-` } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'bad_answer', stage: 'connect' })
  await server.allClosed()
})

test('a problem with the server is logged when it starts and ends, without the password; no rejection is', async () => {
  const { log, lines, messages } = createRecordingLog()
  const server = await startMailServer({ encryption: 'none', needsLogin: true })
  const sender = createTestSmtpSender({ ...server, login: { user: 'tapis', password: 'geheim' } }, { log })
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
  [
    'AUTH PLAIN',
    {
      EHLO: '250-scripted\r\n250 AUTH PLAIN',
      AUTH: '535-5.7.8 you said: AUTH PLAIN AHRhcGlzAGdlaGVpbQ==\r\n535 5.7.8 that is tapis with geheim',
    },
  ],
  [
    'AUTH PLAIN',
    { EHLO: '250-scripted\r\n250 AUTH PLAIN', AUTH: '500 5.5.1 UNKNOWN COMMAND AUTH PLAIN AHRHCGLZAGDLAGVPBQ==' },
  ],
  ['AUTH LOGIN', { EHLO: '250-scripted\r\n250 AUTH LOGIN', AUTH: '334 VXNlcm5hbWU6', 'DGFWAXM=': '535 dGFwaXM= who?' }],
  [
    'AUTH LOGIN',
    {
      EHLO: '250-scripted\r\n250 AUTH LOGIN',
      AUTH: '334 VXNlcm5hbWU6',
      'DGFWAXM=': '334 UGFzc3dvcmQ6',
      Z2VOZWLT: '535 5.7.8 Z2VoZWlt: no',
    },
  ],
  ['no AUTH', { MAIL: '530 5.7.0 tapis/geheim may not send (AHRhcGlzAGdlaGVpbQ==)' }],
])('a server that repeats the login after %s does not get it into the log: %j', async (_method, answers) => {
  const { log, lines } = createRecordingLog()
  const { server, sender } = await scriptedServer(
    { ...(answers && { answers }) },
    { log, login: { user: 'tapis', password: 'geheim' } },
  )
  expect(await sender.post()).toMatchObject({
    kind: 'refused',
    stage: answers?.MAIL === undefined ? 'session' : 'sender',
  })
  expect(server.lines.some((line) => line.startsWith('AUTH'))).toBe(answers?.MAIL === undefined)
  expect(lines).toHaveLength(1)
  expect(lines.join()).toContain('[redacted]')
  expect(lines.join()).not.toMatch(/geheim|tapis|AHRhcGlzAGdlaGVpbQ|dGFwaXM|Z2VoZWlt/i)
})
