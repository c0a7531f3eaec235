import { expect, test } from 'vitest'
import { targetName } from './target-name.ts'

const WEBHOOK = {
  method: 'WEBHOOK',
  address: 'https://me:secret@hooks.example.org:8443/T0/B0?token=x',
  addressKey: 'k',
}

test('only the owner sees a whole address', () => {
  expect(targetName(WEBHOOK, 'jdoe', 'jdoe').deliveryAddress).toBe(WEBHOOK.address)
  for (const reader of ['eve', undefined])
    expect(targetName(WEBHOOK, 'jdoe', reader)).toEqual({
      id: 'k',
      deliveryMethod: 'WEBHOOK',
      deliveryAddress: null,
      origin: 'https://hooks.example.org:8443',
    })
})

test('of a mail address others see the domain, of one that cannot be read nothing', () => {
  expect(targetName({ method: 'EMAIL', address: '"a@b"@example.org', addressKey: 'k' }, 'a', 'b').origin).toBe(
    '@example.org',
  )
  expect(targetName({ method: 'WEBHOOK', address: 'http://', addressKey: 'k' }, 'a', 'b').origin).toBe('unknown')
})
