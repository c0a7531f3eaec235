import { expect, test } from 'vitest'
import { createSearchTurns } from './search-turns.ts'

test('further searches of a caller wait for his earlier ones, in order, those of others do not; a failed one counts as ended', async () => {
  const turns = createSearchTurns(2)
  const begun: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const search = (caller: string, name: string) => turns.take(caller, () => {
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
