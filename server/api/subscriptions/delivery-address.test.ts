import { expect, test } from 'vitest'
import { addressFault } from './delivery-address.ts'

test.each([
  'http://localhost', 'HTTPS://Example.org:8443/a?b=c#d', 'http://x.ns.svc.cluster.local/hook', 'http://10.0.0.1:99999'.slice(0, -1), 'http://[::1]:8080/', 'https://user:pass@host/a//b', 'http://münchen.example/ü',
])('a webhook may go to %s', (address) => {
  expect(addressFault('WEBHOOK', address)).toBeUndefined()
})

test.each([
  'ftp://x', 'http:x', 'http://', 'http:///path', 'http://?x', 'http://a b/', ' http://a', 'http://a\\b', 'http:\\\\a', 'http://a:99999/', '//a/b', 'a@b.c', 'http://a\u0000', 'http://a/\n', 'http://a/\ud800', `http://a/${'b'.repeat(2048)}`,
])('a webhook may not go to %j', (address) => {
  expect(addressFault('WEBHOOK', address)).toBeTypeOf('string')
})

test.each(['a@b', 'a b@c', '"x@y"@z.org', 'a@b@c', 'x@@'])('mail may go to %s', (address) => {
  expect(addressFault('EMAIL', address)).toBeUndefined()
})

test.each(['abc', '@bc', 'ab@', 'a@b c', 'a@b\r\nBcc: x', 'a\u2028b@c'])('mail may not go to %j', (address) => {
  expect(addressFault('EMAIL', address)).toBeTypeOf('string')
})
