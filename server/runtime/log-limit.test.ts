import { expect, test } from 'vitest'
import { createLogLimit } from './log-limit.ts'

function setUp(maxKeys = 10) {
  const clock = { ms: 1000 }
  const lines: string[] = []
  const limit = createLogLimit({ everyMs: 60_000, maxKeys, now: () => clock.ms })
  return { clock, lines, say: (key: string) => limit(key, (suppressed) => void lines.push(`${key} ${suppressed}`)) }
}

test('the first is written at once, the next after the time, with the number of those in between', () => {
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

test('keys do not keep each other back', () => {
  const { lines, say } = setUp()
  for (const key of ['a', 'b', 'a', 'b', 'c']) say(key)
  expect(lines).toEqual(['a 0', 'b 0', 'c 0'])
})

test('so many keys are remembered; a key in use is not the one that is forgotten', () => {
  const { lines, say } = setUp(2)
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) say(key)
  expect(lines).toEqual(['a 0', 'b 0', 'c 0', 'b 0'])
})
