import { expect, test } from 'vitest'
import { isMailAddress } from './mail-address.ts'

test.each([
  'jdoe@example.org',
  'a@b',
  '"a, b"@example.org',
  'a,b@example.org',
  'jürgen@exämple.de',
  "o'brien+tag@example.org",
  'a@b@example.org',
  `${'x'.repeat(64)}@${'y.'.repeat(126)}y`,
  `${'x'.repeat(300)}@example.org`,
  'a@[127.0.0.1]',
  'a@example.org.',
])('%j is accepted', (address) => {
  expect(isMailAddress(address)).toBe(true)
})

test.each([
  '',
  'jdoe',
  '@example.org',
  'jdoe@',
  'Jane Doe <jdoe@example.org>',
  'a@b>',
  'a\r\nRCPT TO:<x@y>@example.org',
  'a\0@b',
  'a\u0085@b',
  'a\u2028b@c',
  ' a@b',
  'a @b',
  'a@b, c@d',
  'a@b;c@d',
  'a@b,c',
  'a@b..c',
  'a@.b',
  'x@@',
  `a@${'y'.repeat(64)}.org`,
  'a@b c',
  '\ud800@b',
  `${'x'.repeat(300)}@example.org and more`,
  `${'x'.repeat(310)}@example.org`,
])('%j is rejected: it would reach nobody, or somebody else', (address) => {
  expect(isMailAddress(address)).toBe(false)
})
