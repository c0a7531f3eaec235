import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { startRawReceiver } from './support/raw-receiver.ts'
import { createTestWebhookSender } from './support/test-webhook-sender.ts'
import { webhookPairForFile } from './support/webhook-pair.ts'

const { receiver, sender } = webhookPairForFile()

test('one connection serves requests that follow each other', async () => {
  for (let n = 0; n < 5; n++) await sender.post(receiver.url(`/${n}`))
  const ports = (await receiver.take(5)).map((request) => request.remotePort)
  expect(new Set(ports).size).toBe(1)
})

test('concurrent requests have a connection each, without pipelining', async () => {
  receiver.decide(async () => {
    await receiver.waitFor((received) => received.length === 20)
    return 200
  })
  const results = await Promise.all(Array.from({ length: 20 }, () => sender.post(receiver.url())))
  expect(results.every((result) => result.kind === 'answered')).toBe(true)
  expect(new Set(receiver.received.map((request) => request.remotePort)).size).toBe(20)
})

test('we close an idle connection after its time limit', async () => {
  const raw = await startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const impatient = createTestWebhookSender({ limits: { idleMs: 50 } })
  await impatient.post(raw.url())
  await raw.allClosed()
  expect(await impatient.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(raw.connections).toHaveLength(2)
  await impatient.close()
  await raw.close()
})

test('idle connections are bounded over all receivers', async () => {
  const raw = await Promise.all(
    Array.from({ length: 6 }, () =>
      startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
    ),
  )
  const small = createTestWebhookSender({ limits: { idleConnections: 2, idleMs: 60_000 } })
  for (const one of raw) await small.post(one.url())
  await Promise.all(raw.slice(0, 4).map((one) => one.allClosed()))
  expect(raw.map((one) => one.connections.filter((socket) => !socket.closed).length)).toEqual([0, 0, 0, 0, 1, 1])
  await small.close()
  await Promise.all(raw.map((one) => one.close()))
})

test('a connection that the receiver closed while it was idle costs no attempt', async () => {
  const raw = await startRawReceiver((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n'),
  )
  for (let n = 1; n <= 5; n++) {
    expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered', httpStatus: 200 })
    expect(raw.connections).toHaveLength(n)
  }
  await raw.close()
})

test('a connection that the receiver reset while it was idle costs no attempt', async () => {
  const raw = await startRawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  for (let n = 1; n <= 5; n++) {
    expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered', httpStatus: 200 })
    raw.connections.at(-1)?.resetAndDestroy()
  }
  await raw.close()
})

test('a request that was written is never written again by itself', async () => {
  let requests = 0
  const raw = await startRawReceiver((socket) => {
    requests++
    if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    else socket.destroy()
  })
  await sender.post(raw.url())
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'failed', reason: 'closed_early', stage: 'answer' })
  expect(requests).toBe(2)
  await raw.close()
})

test('a request that may not be sent is not written, and its connection serves the next', async () => {
  const ports: (number | undefined)[] = []
  const raw = await startRawReceiver((socket) => {
    ports.push(socket.remotePort)
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  expect(await sender.post(raw.url(), { maySend: () => false })).toEqual({ kind: 'not_sent' })
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(await sender.post(raw.url(), { maySend: () => false })).toEqual({ kind: 'not_sent' })
  expect(await sender.post(raw.url())).toMatchObject({ kind: 'answered' })
  expect(raw.connections).toHaveLength(1)
  expect(ports).toHaveLength(2)
  await raw.close()
})

test('whether it may be sent is asked once, and the request is written in the same tick', async () => {
  const order: string[] = []
  const onWrite = () => order.push('written') // published by undici right before it writes
  subscribe('undici:client:sendHeaders', onWrite)
  const maySend = () => {
    order.push('asked')
    queueMicrotask(() => order.push('tick over'))
    return true
  }
  await sender.post(receiver.url(), { maySend })
  await sender.post(receiver.url(), { maySend })
  unsubscribe('undici:client:sendHeaders', onWrite)
  expect(order).toEqual(['asked', 'written', 'tick over', 'asked', 'written', 'tick over'])
})

test('nothing is asked when there is no connection', async () => {
  await receiver.goDown()
  let asked = 0
  const result = await sender.post(receiver.url(), { maySend: () => ++asked > 0 })
  expect(result).toMatchObject({ kind: 'failed', reason: 'connect_refused', stage: 'connect' })
  expect(asked).toBe(0)
  await receiver.comeUp()
  expect(await sender.post(receiver.url())).toMatchObject({ kind: 'answered' })
})

test('a signal ends an attempt, before and after the request was written', async () => {
  const early = new AbortController()
  early.abort()
  expect(await sender.post(receiver.url(), { signal: early.signal })).toEqual({ kind: 'aborted', wasWritten: false })

  receiver.decide(() => 'withheld')
  const late = new AbortController()
  const pending = sender.post(receiver.url(), { signal: late.signal })
  await receiver.take(1)
  late.abort()
  expect(await pending).toEqual({ kind: 'aborted', wasWritten: true })
})

test('closing the sender ends what is in flight as aborted, and rejects later sends', async () => {
  receiver.decide(() => 'withheld')
  const pending = sender.post(receiver.url())
  await receiver.take(1)
  await sender.close()
  expect(await pending).toEqual({ kind: 'aborted', wasWritten: true })
  expect(await sender.post(receiver.url())).toEqual({ kind: 'aborted', wasWritten: false })
  await sender.close()
})
