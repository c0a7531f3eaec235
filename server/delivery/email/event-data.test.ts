import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEventData } from './event-data.ts'

test('members of a job come first, with readable labels; nulls are left out, the message is separate', () => {
  const data = {
    extra: 1,
    jobOwner: 'jdoe',
    jobUuid: 'u-007',
    jobName: 'hello',
    oldJobStatus: null,
    newJobStatus: 'PENDING',
    message: 'It is\nnow pending.',
  }
  expect(readEventData(JSON.stringify(data))).toEqual({
    facts: [
      ['New status', 'PENDING'],
      ['Job', 'hello'],
      ['Job UUID', 'u-007'],
      ['Job owner', 'jdoe'],
      ['Extra', '1'],
    ],
    message: 'It is\nnow pending.',
    text: undefined,
    job: { name: 'hello', newStatus: 'PENDING', oldStatus: undefined },
  })
})

test('other members are shown under their own names', () => {
  expect(readEventData('{"blockedCount":0,"remoteJobId2":"9","isLast":true}').facts).toEqual([
    ['Blocked count', '0'],
    ['Remote job id2', '9'],
    ['Is last', 'true'],
  ])
})

test.each(['free text', '[1,2]', '7', 'null', '"text"', '{"broken"'])('%s is shown as it is', (data) => {
  expect(readEventData(data)).toEqual({ facts: [], message: undefined, text: data, job: {} })
})

test('if facts cannot show a member, the data is shown as well', () => {
  const data = '{"jobName":"hello","nested":{"a":[1]}}'
  expect(readEventData(data)).toMatchObject({ facts: [['Job', 'hello']], text: data })
})

test.each([null, '', '  '])('no data (%j) is nothing to show', (data) => {
  expect(readEventData(data)).toMatchObject({ facts: [], text: undefined })
})

test('large data is cut, and not parsed', () => {
  const large = `{"jobName":"x","data":"${'y'.repeat(1024 * 1024)}"}`
  const { facts, text } = readEventData(large)
  expect(facts).toEqual([])
  expect(text).toHaveLength(8 * 1024 + 1)
  expect(readEventData(JSON.stringify({ message: 'z'.repeat(60_000) })).message).toHaveLength(8 * 1024 + 1)
})

test('many members, long names and long values stay within bounds', () => {
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`member${index}${'n'.repeat(80)}`, 'v'.repeat(20)]),
  )
  const { facts } = readEventData(JSON.stringify(many))
  expect(facts).toHaveLength(40)
  expect(readEventData(JSON.stringify({ a: 'v'.repeat(10_000) })).facts[0]?.[1]).toHaveLength(501)
  for (const [label] of facts) expect(label.length).toBeLessThan(80)
})

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a member called %s is a member like any other',
  (name) => {
    expect(readEventData(`{"${name}":"x"}`).facts).toHaveLength(1)
  },
)

test('deeply nested data does no harm', () => {
  const deep = `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  expect(readEventData(deep).text).toBeDefined()
})

test('whatever the data is, it is shown without unprintable characters', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json({ maxDepth: 2 }), fc.string({ unit: 'binary' })), (data) => {
      const { facts, message = '', text = '' } = readEventData(data)
      expect([...facts.flat(), message, text].join(' ')).not.toMatch(
        /(?![\n\t])\p{Cc}|\p{Cs}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
      )
    }),
    { numRuns: 50 },
  )
})
