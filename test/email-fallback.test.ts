import { expect, onTestFinished, test } from 'vitest'
import { startMailServer } from './support/mail-server.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { startScriptedMailServer, type MailScript } from './support/scripted-mail-server.ts'
import { createTestSmtpSender } from './support/test-smtp-sender.ts'

const OFFERED = { EHLO: '250-scripted\r\n250 STARTTLS', STARTTLS: '220 go' }
const LOGIN = { user: 'tapis', password: 'geheim' }

async function offering(
  script: MailScript,
  server: Parameters<typeof createTestSmtpSender>[0] | object = {},
  parts: Parameters<typeof createTestSmtpSender>[1] = {},
) {
  const scripted = await startScriptedMailServer({ ...script, answers: { ...OFFERED, ...script.answers } })
  const sender = createTestSmtpSender(
    { port: scripted.port, security: 'opportunistic', ...server },
    { ...parts, limits: { tlsMs: 300, ...parts.limits } },
  )
  onTestFinished(async () => {
    await sender.close()
    await scripted.close()
  })
  return { server: scripted, sender }
}

test.each<[string, MailScript]>([
  ['cut', { handshake: 'cut' }],
  ['reset', { handshake: 'reset' }],
  ['closed', { handshake: 'closed' }],
  ['never answered', { handshake: 'silent' }],
  ['answered with something else', { handshake: 'garbage' }],
  ['refused with an alert', { handshake: 'alert' }],
  ['refused for its version', { handshake: 'version' }],
  ['not even begun: STARTTLS is cut', { answers: { STARTTLS: 'cut' } }],
  ['not even begun: STARTTLS is not answered', { answers: { STARTTLS: 'withheld' } }],
  ['not even begun: STARTTLS is answered 421', { answers: { STARTTLS: '421 no' } }],
])(
  'with optional encryption and a handshake that is %s, the mail is sent without it in the same attempt',
  async (_how, script) => {
    const { server, sender } = await offering(script)
    expect(await sender.post()).toMatchObject({ kind: 'accepted' })
    expect([
      server.connections.length,
      server.lines.filter((line) => line === 'STARTTLS').length,
      server.lines.filter((line) => line === '.').length,
    ]).toEqual([2, 1, 1])
  },
)

test.each(['454 not now', '502 no', '501 what?', '503 again?'])(
  'with optional encryption that is rejected (%s), the mail is sent over the same connection',
  async (answer) => {
    const { server, sender } = await offering({ answers: { STARTTLS: answer } })
    expect(await sender.post()).toMatchObject({ kind: 'accepted' })
    expect(server.connections).toHaveLength(1)
  },
)

test('a session that breaks between handshake and first reply is replaced by one without encryption', async () => {
  const server = await startMailServer({ options: { onSecure: () => server.cutConnections() } })
  const sender = createTestSmtpSender({ port: server.port, security: 'opportunistic' })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(server.accepted).toMatchObject([{ isEncrypted: false }])
  await sender.close()
  await server.close()
})

test.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)(
  'a server that speaks only %s gets its mail encrypted when encryption is optional',
  async (version) => {
    const server = await startMailServer({
      options: { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' },
    })
    const [optional, needed] = (['opportunistic', 'starttls'] as const).map((security) =>
      createTestSmtpSender({ port: server.port, security }),
    )
    expect(await optional?.post()).toMatchObject({ kind: 'accepted' })
    expect(server.accepted).toMatchObject([{ isEncrypted: true }])
    expect(await needed?.post(), 'an unknown certificate, or an old version').toMatchObject({
      kind: 'failed',
      reason: 'tls',
    })
    await optional?.close()
    await needed?.close()
    await server.close()
  },
)

test.each([
  ['starttls', undefined],
  ['starttls', LOGIN],
  ['opportunistic', LOGIN],
] as const)(
  'with %s and the login %j a failed handshake is the end of the attempt: nothing goes out in the clear',
  async (security, login) => {
    const { server, sender } = await offering({ handshake: 'cut' }, { security, login })
    for (let round = 0; round < 2; round += 1)
      expect(await sender.post()).toMatchObject({ kind: 'failed', stage: 'connect' })
    expect(server.lines.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([])
  },
)

test('with tls a failed handshake ends the attempt', async () => {
  const server = await startScriptedMailServer({ answers: OFFERED })
  const sender = createTestSmtpSender({ port: server.port, security: 'tls' }, { limits: { tlsMs: 300 } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', stage: 'connect' })
  expect(server.lines.filter((line) => line.startsWith('MAIL'))).toEqual([])
  await sender.close()
  await server.close()
})

test('after a failed handshake encryption is off for a while, then tried; the log has the first failure', async () => {
  const { log, messages } = createRecordingLog()
  const { server, sender } = await offering({ handshake: 'cut' }, {}, { log, limits: { plainMs: 500, idleMs: 1 } })
  const handshakes = () => server.lines.filter((line) => line === 'STARTTLS').length
  const connectionsAfterAMail = async () => {
    await sender.post()
    await server.allClosed()
    return server.connections.length
  }
  expect([await connectionsAfterAMail(), await connectionsAfterAMail(), handshakes()]).toEqual([2, 3, 1])
  await expect
    .poll(
      async () => {
        await connectionsAfterAMail()
        return handshakes()
      },
      { interval: 50 },
    )
    .toBe(2)
  expect(messages).toEqual(['the mail server offers STARTTLS but fails at it: mails go out unencrypted'])
})
