import { MAX_BODY_BYTES } from '@tidings/contract/body-limit.ts'
import type { EventBatchItem } from '@tidings/contract/event.ts'
import { expect, test } from 'vitest'
import { batchViolations, batchWarnings, validateBatch } from './event-batch.ts'

const EVENT = { source: 's', type: 'jobs.A.B', timestamp: '2026-11-23T10:00:00Z' }
const item = (changes: object = {}, key?: string | null): EventBatchItem => ({
  event: { ...EVENT, ...changes },
  ...(key === undefined ? {} : { idempotencyKey: key }),
})

function violationsOf(value: unknown): readonly string[] {
  const checked = validateBatch(value)
  return checked.kind === 'valid' ? [] : checked.violations
}

test('a batch is valid with 1 to 1,000 items, with and without keys', () => {
  const keys = [undefined, null, 'k', 'a key with blanks ~', 'k'.repeat(255)]
  for (const events of [[item()], keys.map((key) => item({}, key)), Array.from({ length: 1000 }, () => item())])
    expect(validateBatch({ events })).toEqual({ kind: 'valid', value: { events } })
})

test.each<[string, unknown, readonly string[]]>([
  ['no list', {}, ['/events is missing']],
  ['a list of nothing', { events: [] }, ['/events must not have fewer than 1 items']],
  ['one too many', { events: Array(1001).fill(item()) }, ['/events must not have more than 1000 items']],
  ['a member that is none', { events: [item()], all: true }, ['/all is not a member of this request']],
])('%s is a violation', (_what, value, violations) => {
  expect(violationsOf(value)).toEqual(violations)
})

test('each violation of each item is named with its place', () => {
  const violations = violationsOf({
    events: [
      item(),
      item({ timestamp: undefined, data: 7 }),
      'event',
      EVENT,
      item({}, ''),
      item({}, 'k'.repeat(256)),
      item({}, 'ké'),
      item({ type: 'jobs.A' }),
      { ...item(), idempotencykey: 'k' },
    ],
  })
  const has = (text: string) =>
    expect(
      violations.some((one) => one.startsWith(text)),
      `${text} in\n${violations.join('\n')}`,
    ).toBe(true)
  has('/events/1/event/timestamp ')
  has('/events/1/event/data must be string or null')
  has('/events/2 must be object')
  has('/events/3/event is missing')
  has('/events/3/source is not a member of this request')
  has('/events/4/idempotencyKey ')
  has('/events/5/idempotencyKey ')
  has('/events/6/idempotencyKey must be 1 to 255 printable ASCII characters')
  has('/events/7/event/type must be service.category.detail')
  has('/events/8/idempotencykey is not a member of this request')
  expect(violations.some((one) => one.startsWith('/events/0'))).toBe(false)
})

test('a batch of a thousand invalid items is explained as far as a response has room', () => {
  expect(violationsOf({ events: Array(1000).fill({ event: {} }) }).length).toBeGreaterThanOrEqual(100)
})

test('the rules of an event are those of a publish, with the place of each', () => {
  const violations = batchViolations(
    { events: [item(), item({ type: 'apps.A.B', subject: 'a\u0000' }), 'no event', item({ source: '\ud800' })] },
    { jwtUser: 'jobs' },
    1000,
  )
  expect(violations).toEqual([
    { code: 'NTFLIB_EVENT_SVC_NOMATCH', text: '/events/1/event/type begins with apps, but the service is jobs' },
    { code: 'NTFAPI_EVENT_ATTR_ERR', text: '/events/1/event/subject has a NUL character' },
    { code: 'NTFAPI_EVENT_ATTR_ERR', text: '/events/3/event/source has an unpaired surrogate' },
  ])
})

test('an event may be as large as one that is published alone, and no larger', () => {
  const fitting = item({ data: '' })
  const room = MAX_BODY_BYTES - JSON.stringify(fitting.event).length
  const events = [0, 1].map((more) => item({ data: 'x'.repeat(room + more) }))
  expect(batchViolations({ events }, { jwtUser: 'jobs' }, 2 * MAX_BODY_BYTES)).toEqual([
    { code: 'NTFAPI_EVENT_ATTR_ERR', text: '/events/1/event has more than 1048576 bytes' },
  ])
})

test('what would be a warning to a publish is one here, with its place, and there are ten at most', () => {
  expect(batchWarnings({ events: [item(), item({ timestamp: 'noon', more: 1 })] })).toEqual([
    '/events/1/event: the member more is unknown and was ignored',
    expect.stringMatching(/^\/events\/1\/event: the timestamp is not an ISO 8601/),
  ])
  expect(batchWarnings({ events: Array<EventBatchItem>(1000).fill(item({ timestamp: 'noon' })) })).toHaveLength(10)
})
