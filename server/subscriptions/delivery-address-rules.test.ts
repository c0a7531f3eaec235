import { expect, test } from 'vitest'
import { addressViolation } from './delivery-address-rules.ts'

test.each([
  'http://localhost',
  'HTTPS://Example.org:8443/a?b=c#d',
  'http://x.ns.svc.cluster.local/hook',
  'http://10.0.0.1:99999'.slice(0, -1),
  'http://[::1]:8080/',
  'https://user:pass@host/a//b',
  'http://münchen.example/ü',
  'http://user:a%25b@host/',
  'http://us%20er:p%C3%A4ss@host/',
  'http://user@host',
  'http://:pw%3A@host',
  'http://host.:1/',
  'http://under_score.example',
])('a webhook may go to %s', (address) => {
  expect(addressViolation('WEBHOOK', address)).toBeUndefined()
})

test.each([
  'ftp://x',
  'http:x',
  'http://',
  'http:///path',
  'http://?x',
  'http://a b/',
  ' http://a',
  'http://a\\b',
  'http:\\\\a',
  'http://a:99999/',
  '//a/b',
  'a@b.c',
  'http://a\u0000',
  'http://a/\n',
  'http://a/\ud800',
  `http://a/${'b'.repeat(2048)}`,
  'http://user:a%b@host/',
  'http://user:p%E4@host/',
  'http://us%3Aer:pw@host/',
  'http://%zz@host/',
  'http://u:%@host/',
  'http://u:%C3@host/',
  'http://host:0/',
  'https://host:00/',
  'http://a..b/',
  'http://.a/',
  `http://${'a'.repeat(64)}.org/`,
  `http://${'a.'.repeat(127)}org/`,
])('a webhook may not go to %j', (address) => {
  expect(addressViolation('WEBHOOK', address)).toBeTypeOf('string')
})

test.each([
  'a@b',
  'a b@c',
  '"x@y"@z.org',
  'a@b@c',
  'a,b@c',
  '.a..b.@c',
  'josé@example.org',
  'a@[10.0.0.1]',
  `${'x'.repeat(100)}@b`,
])('mail may go to %s', (address) => {
  expect(addressViolation('EMAIL', address)).toBeUndefined()
})

test.each([
  'abc',
  '@bc',
  'ab@',
  'a@b c',
  'a@b\r\nBcc: x',
  'a\u2028b@c',
  'Jane <a@b>',
  '<a@b>',
  'a@b, c@d',
  'a@b;c@d',
  'a@b,c',
  ' a@b',
  'a @b',
  'x@@',
  'a@b..c',
  'a@.b',
  `a@${'b'.repeat(64)}`,
  `${'x'.repeat(320)}@b`,
])('mail may not go to %j', (address) => {
  expect(addressViolation('EMAIL', address)).toBeTypeOf('string')
})
