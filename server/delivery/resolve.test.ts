import { expect, test } from 'vitest'
import { createResolve } from './resolve.ts'

test('a literal address is its own answer', async () => {
  const resolve = createResolve()
  expect(await resolve('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }])
  expect(await resolve('::1')).toEqual([{ address: '::1', family: 6 }])
})

test('those who ask for a name at the same moment share one look-up, later ones do not', async () => {
  const resolve = createResolve()
  const first = resolve('localhost')
  expect(resolve('localhost')).toBe(first)
  await first
  expect(resolve('localhost')).not.toBe(first)
})
