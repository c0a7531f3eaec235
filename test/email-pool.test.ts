import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import { expect, test } from 'vitest'
import { realServer, scriptedServer } from './support/mail-pairs.ts'
import { TEST_RECIPIENT } from './support/test-smtp-sender.ts'

test('whether a mail may be sent is decided when the server asks for its text, and not before', async () => {
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

test('many mails, every other one not to be sent: exactly the right ones arrive', async () => {
  const { server, sender } = await realServer()
  const uuids = Array.from(
    { length: 60 },
    (_, index) => `00000000-0000-4000-8000-0000000000${String(index).padStart(2, '0')}`,
  )
  const results = await Promise.all(uuids.map((uuid, index) => sender.post({ uuid, maySend: () => index % 2 === 0 })))
  expect(results.map(({ kind }) => kind)).toEqual(uuids.map((_, index) => (index % 2 === 0 ? 'accepted' : 'not_sent')))
  expect(server.accepted.map(({ notification }) => notification.uuid).sort()).toEqual(
    uuids.filter((_, index) => index % 2 === 0),
  )
})

test('a server that takes longer than the age limit of a claim gets a claim that was read again', async () => {
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

test('mails that follow each other share a connection, and a rejection does not end it', async () => {
  const { server, sender } = await realServer()
  server.decide((question) =>
    question.kind === 'recipient' && question.address.startsWith('nobody') ? 550 : undefined,
  )
  await sender.post()
  expect(await sender.post({ address: 'nobody@example.org' })).toMatchObject({
    kind: 'refused',
    smtpCode: 550,
    stage: 'recipient',
  })
  await sender.post()
  expect(new Set(server.accepted.map(({ connection }) => connection)).size).toBe(1)
})

test('concurrent mails have connections of their own, which later ones reuse', async () => {
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

test('a used connection that is cut before the server has any of the text costs no attempt either', async () => {
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

test('a server that comes back is used again at once', async () => {
  const { server, sender } = await realServer()
  await sender.post()
  await server.goDown()
  expect(await sender.post()).toMatchObject({ kind: 'failed', reason: 'connect_refused' })
  await server.comeUp()
  expect(await sender.post()).toMatchObject({ kind: 'accepted' })
})

test.each(['RCPT', '.'])(
  'a caller that aborts while the server is silent at %s gets a result at once, and the connection ends',
  async (verb) => {
    const { server, sender } = await scriptedServer({ answers: { [verb]: 'withheld' } })
    const caller = new AbortController()
    const sent = sender.post({ signal: caller.signal })
    await expect.poll(() => server.lines.some((line) => line.startsWith(verb)), { interval: 5 }).toBe(true)
    caller.abort()
    expect(await sent).toEqual({ kind: 'aborted', wasWritten: verb === '.' })
    await server.allClosed()
  },
)

test('after a close nothing is in flight, nothing is open, and nothing is sent', async () => {
  const { server, sender } = await scriptedServer({ answers: { '.': 'withheld' } })
  const sent: Promise<SendResult>[] = Array.from({ length: 15 }, () => sender.post())
  await expect.poll(() => server.lines.filter((line) => line === '.').length, { interval: 5 }).toBe(15)
  await sender.close()
  for (const result of await Promise.all(sent)) expect(result).toMatchObject({ kind: 'aborted' })
  await server.allClosed()
  expect(await sender.post()).toEqual({ kind: 'aborted', wasWritten: false })
  expect(server.lines.filter((line) => line.startsWith(`RCPT TO:<${TEST_RECIPIENT}>`))).toHaveLength(15)
})
