import { expect, test } from 'vitest'
import { createLogRateLimit } from './log-rate-limit.ts'

function setUp(maxKeys = 10) {
  const clock = { ms: 1000 }
  const lines: string[] = []
  const limit = createLogRateLimit({ everyMs: 60_000, maxKeys, now: () => clock.ms })
  return { clock, lines, say: (key: string) => limit(key, (suppressed) => void lines.push(`${key} ${suppressed}`)) }
}

test('the first line is written at once, the next after the interval, with the number of those in between', () => {
  const { clock, lines, say } = setUp()
  for (let i = 0; i < 5; i++) say('a')
  expect(lines).toEqual(['a 0'])
  clock.ms += 59_999
  say('a')
  expect(lines).toEqual(['a 0'])
  clock.ms += 1
  say('a')
  say('a')
  clock.ms += 60_000
  say('a')
  expect(lines).toEqual(['a 0', 'a 5', 'a 1'])
})

test('keys do not hold each other back', () => {
  const { lines, say } = setUp()
  for (const key of ['a', 'b', 'a', 'b', 'c']) say(key)
  expect(lines).toEqual(['a 0', 'b 0', 'c 0'])
})

test('a caller with more keys than are remembered gets no more lines than that in all', () => {
  const { clock, lines, say } = setUp(3)
  for (let i = 0; i < 100; i++) say(`key-${i}`)
  expect(lines).toHaveLength(3)
  clock.ms += 60_000
  for (let i = 0; i < 100; i++) say(`key-${i}`)
  expect(lines).toHaveLength(6)
})

test('a key that is in use is not the one that is forgotten', () => {
  const { clock, lines, say } = setUp(2)
  for (const key of ['a', 'b', 'a', 'c']) say(key)
  clock.ms += 60_000
  for (const key of ['a', 'b']) say(key)
  expect(lines).toEqual(['a 0', 'b 0', 'a 1', 'b 0'])
})
