import { expect, test } from 'vitest'
import { parseInt32 } from './int32.ts'

test.each([
  ['0', 0],
  ['-1', -1],
  ['+7', 7],
  ['007', 7],
  ['2147483647', 2_147_483_647],
  ['-2147483648', -2_147_483_648],
])('%s is a number of 32 bits', (text, number) => {
  expect(parseInt32(text)).toBe(number)
})

test.each([
  '',
  ' 1',
  '1 ',
  '1.0',
  '1e3',
  '0x1',
  '--1',
  '+',
  'one',
  '1\n',
  '٣',
  '2147483648',
  '-2147483649',
  '9'.repeat(400),
])('%j is not one', (text) => {
  expect(parseInt32(text)).toBeUndefined()
})
