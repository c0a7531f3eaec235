import { expect, test } from 'vitest'
import { createSearchLimiter } from './search-limiter.ts'

test('further searches of a caller wait in order, those of others do not; a failed one has ended', async () => {
  const turns = createSearchLimiter(2)
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const search = (caller: string, name: string) =>
    turns.run(caller, () => {
      begun.push(name)
      return new Promise<void>((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve())))
    })
  const [a1, a2, a3, a4] = ['a1', 'a2', 'a3', 'a4'].map((name) => search('a', name))
  const b1 = search('b', 'b1')
  await Promise.resolve()
  expect(begun).toEqual(['a1', 'a2', 'b1'])
  ends.get('a2')?.(new Error('too slow'))
  await expect(a2).rejects.toThrow('too slow')
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3'])
  ends.get('a1')?.()
  await a1
  expect(begun.at(-1)).toBe('a4')
  for (const name of ['a3', 'a4', 'b1']) ends.get(name)?.()
  await Promise.all([a3, a4, b1])
})
