import { expect, onTestFinished, test } from 'vitest'
import { createRecordingLog } from './support/recording-log.ts'
import { startScriptedMailServer } from './support/scripted-mail-server.ts'
import { TEST_FROM, createTestSmtpSender } from './support/test-smtp-sender.ts'

async function speaking(extension: string, parts: Parameters<typeof createTestSmtpSender>[1] = {}) {
  const server = await startScriptedMailServer({
    answers: { EHLO: `250-scripted\r\n250-8BITMIME\r\n250 ${extension}` },
  })
  const sender = createTestSmtpSender(server, parts)
  onTestFinished(async () => {
    await sender.close()
    await server.close()
  })
  return { server, sender, told: () => server.lines.filter((line) => /^(MAIL|RCPT)/.test(line)) }
}

test.each(['josé@example.org', 'josé@exämple.org', '用户@example.org', '"josé b"@example.org'])(
  '%s is sent to no server without SMTPUTF8, and is given up',
  async (address) => {
    const { log, messages } = createRecordingLog()
    const { sender, told } = await speaking('SIZE', { log })
    for (let round = 0; round < 2; round += 1)
      expect(await sender.post({ address })).toEqual({ kind: 'unbuildable', reason: 'smtputf8_unsupported' })
    expect(told()).toEqual([])
    expect(messages).toEqual([expect.stringContaining('SMTPUTF8')])
    expect(await sender.post()).toMatchObject({ kind: 'accepted' })
  },
)

test('a server with SMTPUTF8 is told so', async () => {
  const { sender, told } = await speaking('smtputf8')
  expect(await sender.post({ address: 'josé@exämple.org' })).toMatchObject({ kind: 'accepted' })
  expect(told()).toEqual([`MAIL FROM:<${TEST_FROM.address}> SMTPUTF8`, 'RCPT TO:<josé@exämple.org>'])
})

test.each([
  ['info@exämple.de', 'info@xn--exmple-cua.de'],
  ['a@日本.jp', 'a@xn--wgv71a.jp'],
])('the domain of %s needs no extension', async (address, ascii) => {
  const { sender, told } = await speaking('SIZE')
  expect(await sender.post({ address })).toMatchObject({ kind: 'accepted' })
  expect(told().at(-1)).toBe(`RCPT TO:<${ascii}>`)
})

test('a sender address that the server does not support costs no notification', async () => {
  const { sender, told } = await speaking('SIZE', { from: { name: 'Tapis', address: 'café@example.org' } })
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'smtputf8_unsupported', stage: 'connect' })
  expect(told()).toEqual([])
})
