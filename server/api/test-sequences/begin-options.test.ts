import { expect, test } from 'vitest'
import { parseQuery } from '../http/query.ts'
import { parseBeginOptions } from './begin-options.ts'

const read = (query: string) => parseBeginOptions(parseQuery(`/?${query}`))

test('without parameters: an hour, and one event, which ends the series', () => {
  expect(read('subscriptionTTL=&endSeries=')).toEqual({
    options: { ttlMinutes: 60, startCount: 1, endsSeries: true },
    violations: [],
  })
})

test('given parameters count, and a time to live of 0 or less is allowed', () => {
  expect(read('subscriptionTTL=-1&numberOfEvents=1000&endSeries=False').options).toEqual({
    ttlMinutes: -1,
    startCount: 1000,
    endsSeries: false,
  })
})

test.each([
  'subscriptionTTL=x',
  'subscriptionTTL=1.5',
  'subscriptionTTL=2147483648',
  'numberOfEvents=0',
  'numberOfEvents=1001',
  'numberOfEvents=1e1',
  'endSeries=yes',
])('%s is a violation that is named', (query) => {
  const [name, value] = query.split('=')
  expect(read(query).violations).toEqual([
    {
      code: 'NTFAPI_TEST_ERR1',
      text: expect.stringMatching(`^the query parameter ${name} must be .*: ${value}$`) as string,
    },
  ])
})

test('all violations are named at once', () => {
  expect(
    read('subscriptionTTL=x&numberOfEvents=0&numberOfEvents=2&endSeries=maybe').violations.map(({ code }) => code),
  ).toEqual(['NTFAPI_TEST_ERR1', 'TAPIS_QUERY_PARAM_MULTIPLE', 'NTFAPI_TEST_ERR1'])
})
