import { createAddressGuard } from '@tidings/server/delivery/webhook/address-guard.ts'
import { expect, test } from 'vitest'
import { startRawReceiver } from './support/raw-receiver.ts'
import { createTestWebhookSender } from './support/test-webhook-sender.ts'
import { webhookPairForFile } from './support/webhook-pair.ts'

const { receiver, sender } = webhookPairForFile()

test.each([
  'http://localhost:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f.1:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://127.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://0:PORT/',
  'http://①②⑦.0.0.1:PORT/',
])('without an allow-list %s is rejected, and nothing connects', async (address) => {
  const raw = await startRawReceiver(() => undefined)
  const strict = createTestWebhookSender({ guard: createAddressGuard({ allow: [] }) })
  expect(await strict.post(address.replace('PORT', String(raw.port)))).toMatchObject({
    kind: 'failed',
    reason: 'address_refused',
    stage: 'connect',
  })
  expect(raw.connections).toHaveLength(0)
  await strict.close()
  await raw.close()
})

test('a name with a trailing dot is no bypass', async () => {
  const strict = createTestWebhookSender({
    guard: createAddressGuard({ allow: [] }),
    resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  })
  expect(await strict.post(receiver.url().replace('127.0.0.1', 'localhost.'))).toMatchObject({
    reason: 'address_refused',
  })
  await strict.close()
})

test('a name is rejected when any of its addresses is forbidden', async () => {
  const resolve = () =>
    Promise.resolve([
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ])
  const careful = createTestWebhookSender({ resolve })
  expect(await careful.post(receiver.url().replace('127.0.0.1', 'mixed.test'))).toMatchObject({
    reason: 'address_refused',
  })
  await careful.close()
})

test('a name is resolved once for a connection, so it cannot change after the check (DNS rebinding)', async () => {
  const answers = ['127.0.0.1', '10.0.0.1']
  const rebinding = createTestWebhookSender({
    resolve: () => Promise.resolve([{ address: answers.shift() ?? '10.0.0.1', family: 4 }]),
  })
  expect(await rebinding.post(receiver.url().replace('127.0.0.1', 'rebinding.test'))).toMatchObject({
    kind: 'answered',
  })
  await rebinding.close()
})

test('a name that does not exist is a failure of DNS', async () => {
  expect(await sender.post('http://does-not-exist.invalid/')).toMatchObject({
    kind: 'failed',
    reason: 'dns',
    stage: 'connect',
  })
})

test('the own callback may be reached, and its connection serves nothing else', async () => {
  const { origin } = new URL(receiver.url())
  const own = createTestWebhookSender({
    guard: createAddressGuard({ allow: [], exceptOrigin: { origin, pathPrefix: '/v3/notifications/test/callback/' } }),
  })
  expect(await own.post(receiver.url('/v3/notifications/test/callback/abc/'))).toMatchObject({ kind: 'answered' })
  expect(await own.post(receiver.url('/v3/notifications/events'))).toMatchObject({
    kind: 'failed',
    reason: 'address_refused',
  })
  await own.close()
})
