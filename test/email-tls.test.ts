import type { MailServer } from '@tidings/server/config/config.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startMailServer, type MailServerOptions, type TestMailServer } from './support/mail-server.ts'
import { startScriptedMailServer, type MailScript } from './support/scripted-mail-server.ts'
import { createTestSmtpSender, type TestMailSender } from './support/test-smtp-sender.ts'
import { TEST_CERTIFICATE } from './support/tls-fixture.ts'

const LOGIN = { user: 'tapis', password: 'geheim' }
const TRUSTING = { ca: TEST_CERTIFICATE }

type SenderParts = Parameters<typeof createTestSmtpSender>[1]

async function sending(
  security: MailServer['security'],
  options: MailServerOptions,
  parts: SenderParts & { login?: MailServer['login'] } = {},
): Promise<{ server: TestMailServer; sender: TestMailSender }> {
  const { login, ...rest } = parts
  const server = await startMailServer(options)
  const sender = createTestSmtpSender({ port: server.port, security, login }, { limits: { connectMs: 1000 }, ...rest })
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender }
}

test.each([
  ['starttls', 'starttls'],
  ['tls', 'tls'],
  ['opportunistic', 'starttls'],
] as const)('with %s and a trusted certificate a mail goes out encrypted', async (security, encryption) => {
  const { server, sender } = await sending(security, { encryption }, TRUSTING)
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(server.accepted).toMatchObject([{ isEncrypted: true }])
})

test.each(['starttls', 'tls'] as const)(
  'with %s an untrusted certificate costs an attempt, and nothing is sent',
  async (security) => {
    const { server, sender } = await sending(security, { encryption: security })
    expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'tls', stage: 'connect' })
    expect(server.accepted).toEqual([])
  },
)

test('with starttls a server with another name is rejected', async () => {
  const { server } = await sending('none', {})
  const sender = createTestSmtpSender({ host: 'localhost', port: server.port, security: 'starttls' }, TRUSTING)
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'tls' })
  await sender.close()
})

test('with starttls a server that does not offer it gets no mail', async () => {
  const { server, sender } = await sending('starttls', { encryption: 'none' }, TRUSTING)
  expect(await sender.post()).toMatchObject({ kind: 'refused', stage: 'session' })
  expect(server.asked.map(({ kind }) => kind)).toEqual(['connect'])
})

test('with tls a server that does not speak it gets no mail', async () => {
  const { server, sender } = await sending('tls', { encryption: 'none' }, TRUSTING)
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'tls', stage: 'connect' })
  expect(server.accepted).toEqual([])
})

test('opportunistic without a login accepts an unknown certificate, or no encryption', async () => {
  const unknown = await sending('opportunistic', { encryption: 'starttls' })
  expect(await unknown.sender.post()).toMatchObject({ kind: 'accepted' })
  expect(unknown.server.accepted).toMatchObject([{ isEncrypted: true }])
  const plain = await sending('opportunistic', { encryption: 'none' })
  expect(await plain.sender.post()).toMatchObject({ kind: 'accepted' })
  expect(plain.server.accepted).toMatchObject([{ isEncrypted: false }])
})

test('none never encrypts, even if encryption is offered', async () => {
  const { server, sender } = await sending('none', { encryption: 'starttls' })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(server.accepted).toMatchObject([{ isEncrypted: false }])
})

test.each([
  ['starttls', 'starttls'],
  ['tls', 'tls'],
  ['opportunistic', 'starttls'],
  ['none', 'none'],
] as const)('with %s a login is sent as configured', async (security, encryption) => {
  const { server, sender } = await sending(security, { encryption, needsLogin: true }, { ...TRUSTING, login: LOGIN })
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  expect(server.asked.filter(({ kind }) => kind === 'login')).toEqual([
    { kind: 'login', ...LOGIN, isEncrypted: security !== 'none' },
  ])
})

test.each(['starttls', 'opportunistic'] as const)(
  'with %s a login is not sent to a server with an unknown certificate',
  async (security) => {
    const { server, sender } = await sending(security, { encryption: 'starttls', needsLogin: true }, { login: LOGIN })
    expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'tls' })
    expect(server.asked.map(({ kind }) => kind)).not.toContain('login')
  },
)

const ANNOUNCING_LOGIN = '250-scripted\r\n250 AUTH PLAIN LOGIN'
test.each<[string, MailServer['security'], MailScript]>([
  ['STARTTLS is not offered', 'starttls', { answers: { EHLO: ANNOUNCING_LOGIN } }],
  ['STARTTLS is not offered', 'opportunistic', { answers: { EHLO: ANNOUNCING_LOGIN } }],
  [
    'STARTTLS is refused',
    'opportunistic',
    { answers: { EHLO: `250-STARTTLS\r\n${ANNOUNCING_LOGIN}`, STARTTLS: '454 not now' } },
  ],
  ['the connection is not TLS', 'tls', { answers: { EHLO: ANNOUNCING_LOGIN } }],
])('where %s, no login is sent with %s', async (_why, security, script) => {
  const server = await startScriptedMailServer(script)
  const sender = createTestSmtpSender({ port: server.port, security, login: LOGIN }, { limits: { connectMs: 1000 } })
  expect((await sender.post()).kind).not.toBe('accepted')
  expect(server.lines.filter((line) => /^(AUTH|MAIL)/.test(line))).toEqual([])
  await sender.close()
  await server.close()
})

test('a rejected login is a problem of the operator, not of the mail', async () => {
  const { server, sender } = await sending('none', { encryption: 'none', needsLogin: true }, { login: LOGIN })
  server.decide(({ kind }) => (kind === 'login' ? 535 : undefined))
  expect(await sender.post()).toMatchObject({ kind: 'refused', smtpCode: 535, stage: 'session' })
  server.decide(() => undefined)
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
})

test('a server that requires a login when none is configured rejects the sender, not the mail', async () => {
  const { sender } = await sending('none', { encryption: 'none', needsLogin: true })
  expect(await sender.post()).toMatchObject({ kind: 'refused', smtpCode: 530, stage: 'sender' })
})
