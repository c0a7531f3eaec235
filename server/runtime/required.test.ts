import { expect, test } from 'vitest'
import { required } from './required.ts'

test('a present value is returned, even if empty or zero; a missing one is an error that names it', () => {
  expect(required(0, 'a number')).toBe(0)
  expect(required('', 'a text')).toBe('')
  expect(() => required(undefined, 'the number of the event')).toThrow('missing: the number of the event')
  expect(() => required(null, 'the row')).toThrow('missing: the row')
})
