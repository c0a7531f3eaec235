import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileOrder, parseOrderBy, parseStartAfter } from './order-by.ts'

const TIES = 'subscription.created, subscription.name, subscription.uuid'

/** The text of the SQL, or the violations. */
function read(orderBy: string | undefined): string | readonly string[] {
  const reading = parseOrderBy(orderBy)
  return reading.kind === 'order'
    ? compileOrder(reading.order).text
    : reading.violations.map(({ code, text }) => `${code} ${text}`)
}

test.each([
  [undefined, TIES],
  ['name', 'subscription.name, subscription.created, subscription.uuid'],
  ['owner', `subscription.owner, ${TIES}`],
  ['created(desc)', 'subscription.created desc, subscription.name, subscription.uuid'],
  ['created(DeSC),uuid(desc)', 'subscription.created desc, subscription.uuid desc, subscription.name'],
  [
    'typeFilter(asc), type_filter1 ,ttlminutes()',
    `subscription.type_filter, subscription.type1, subscription.ttl_minutes, ${TIES}`,
  ],
  [' subject_filter (desc) , OWNER( asc )', `subscription.subject_filter desc, subscription.owner, ${TIES}`],
  ['name(desc),owner,NAME', 'subscription.name desc, subscription.owner, subscription.created, subscription.uuid'],
  ['uuid', 'subscription.uuid, subscription.created, subscription.name'],
])('orderBy %s', (orderBy, expected) => {
  expect(read(orderBy)).toEqual(expected)
})

test.each([
  ',',
  'name,',
  'name(',
  'name)',
  'name(up)',
  'name desc',
  '1name',
  'na-me',
  'name(asc)(desc)',
  'name,,owner',
  'name;owner',
  'name(asc',
  '(asc)',
  'näme',
])('orderBy %s is malformed', (orderBy) => {
  const reading = parseOrderBy(orderBy)
  expect(reading.kind === 'invalid' && new Set(reading.violations.map(({ code }) => code))).toEqual(
    new Set(['TAPIS_QUERY_PARAM_ORDERBY_ERROR']),
  )
})

test('every violation is named', () => {
  expect(read('seq_id,name,1,deliveryTargets(desc)')).toEqual([
    'NTFLIB_DB_NO_COLUMN_SORT orderBy: there is no attribute seq_id',
    'TAPIS_QUERY_PARAM_ORDERBY_ERROR orderBy: not of the form attribute(asc) or attribute(desc): 1',
    'NTFLIB_DB_NO_COLUMN_SORT orderBy: there is no attribute deliveryTargets',
  ])
})

function start(orderBy: string, value: string): unknown {
  const reading = parseOrderBy(orderBy)
  if (reading.kind === 'invalid') throw new Error(orderBy)
  const started = parseStartAfter(reading.order, value)
  return started.kind === 'start'
    ? [started.after.attribute.name, started.after.operator, ...started.after.values]
    : started.violations.map(({ code, text }) => `${code} ${text}`)
}

test.each([
  ['name', 'a\\,b ', ['name', 'gt', 'a\\,b ']],
  ['name(desc),owner', 'x', ['name', 'lt', 'x']],
  ['ttlMinutes', '+7', ['ttlMinutes', 'gt', 7]],
  ['enabled', 'FALSE', ['enabled', 'gt', false]],
  ['uuid(desc)', 'F8C3DE3D-1FEA-4D7C-A8B0-29F63C4C3454', ['uuid', 'lt', 'f8c3de3d-1fea-4d7c-a8b0-29f63c4c3454']],
  ['created', '2026-11-23', ['created', 'gt', '2026-11-23T00:00:00.000000Z']],
  ['created', '2026-11-23T00:00:00.0000004', ['created', 'gt', '2026-11-23T00:00:00.000000Z']],
  ['created(desc)', '2026-11-23T00:00:00.0000004', ['created', 'lt', '2026-11-23T00:00:00.000001Z']],
])('orderBy %s continues after %s', (orderBy, value, expected) => {
  expect(start(orderBy, value)).toEqual(expected)
})

test.each([
  ['ttlMinutes', 'x'],
  ['enabled', 'yes'],
  ['uuid', '1-1-1-1-1'],
  ['expiry', '2026-13'],
  ['name', 'a\0'],
])('%s cannot continue after %s', (orderBy, value) => {
  expect(start(orderBy, value)).toEqual([
    expect.stringMatching(/^NTFAPI_SEARCH_ERROR startAfter: SEARCH_DB_INVALID_SEARCH_VALUE /),
  ])
})

test('any text is an order or a violation, and none of it gets into the SQL', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(fc.constantFrom('name', 'owner', '(', ')', 'asc', 'desc', ',', ' ', '1', 'ä', '\ud800', '\u{1f600}'))
          .map((parts) => parts.join('')),
      ),
      (text) => {
        const reading = parseOrderBy(text)
        if (reading.kind === 'invalid') expect(reading.violations).not.toEqual([])
        else
          expect(compileOrder(reading.order).text).toMatch(
            /^subscription\.[a-z0-9_]+( desc)?(, subscription\.[a-z0-9_]+( desc)?)*$/,
          )
      },
    ),
  )
})
