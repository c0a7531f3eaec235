import { expect, test } from 'vitest'
import { parseQuery } from '../http/query.ts'
import { parseListParameters } from './list-parameters.ts'

function read(query: string) {
  const reading = parseListParameters(parseQuery(`/?${query}`))
  return reading.kind === 'invalid' ? reading.violations.map(({ code, text }) => `${code} ${text}`) : reading.parameters
}

const PLAIN = {
  limit: 100,
  skip: 0,
  orderBy: null,
  startAfter: null,
  after: undefined,
  select: 'summaryAttributes',
  isTotalWanted: false,
}

test.each([
  ['', {}],
  ['orderBy=&startAfter=&search=&limit=-1&skip=-1', { limit: -1, skip: -1 }],
  ['limit=+&skip=%20&select=&computeTotal=&startAfter=+', {}],
  [
    'limit=0&skip=2147483647&computeTotal=TRUE&select=name',
    { limit: 0, skip: 2_147_483_647, isTotalWanted: true, select: 'name' },
  ],
  ['computeTotal=yes&LIMIT=x&Select=name', {}],
  [
    'orderBy=%20name(desc)%20&startAfter=%20x%20',
    {
      orderBy: ' name(desc) ',
      startAfter: ' x ',
      after: expect.objectContaining({ operator: 'lt', values: [' x '] }) as unknown,
    },
  ],
])('%s', (query, expected) => {
  expect(read(query)).toMatchObject({ ...PLAIN, ...expected })
})

test.each([
  ['limit=x', ['TAPIS_QUERY_PARAM_NOTINT limit is not a 32-bit integer: x']],
  ['skip=2147483648', ['TAPIS_QUERY_PARAM_NOTINT skip is not a 32-bit integer: 2147483648']],
  ['limit=&limit=', ['TAPIS_QUERY_PARAM_MULTIPLE limit is given more than once']],
  ['startAfter=x', ['TAPIS_QUERY_PARAM_INVALID_PAIR1 startAfter needs orderBy']],
  ['startAfter=x&skip=0&orderBy=name', ['TAPIS_QUERY_PARAM_INVALID_PAIR2 startAfter and skip are mutually exclusive']],
  ['startAfter=x&skip=&orderBy=name&orderBy=owner', ['TAPIS_QUERY_PARAM_MULTIPLE orderBy is given more than once']],
  [
    'ownedBy=a&ownedBy=a&skip=1.5&orderBy=name(,seq_id&startAfter=x&limit=&search=a&search=b',
    [
      'TAPIS_QUERY_PARAM_MULTIPLE search is given more than once',
      'TAPIS_QUERY_PARAM_MULTIPLE ownedBy is given more than once',
      'TAPIS_QUERY_PARAM_NOTINT skip is not a 32-bit integer: 1.5',
      'TAPIS_QUERY_PARAM_ORDERBY_ERROR orderBy: not of the form attribute(asc) or attribute(desc): name(',
      'NTFLIB_DB_NO_COLUMN_SORT orderBy: there is no attribute seq_id',
      'TAPIS_QUERY_PARAM_INVALID_PAIR2 startAfter and skip are mutually exclusive',
    ],
  ],
  [
    'orderBy=enabled&startAfter=x',
    [
      'NTFAPI_SEARCH_ERROR startAfter: SEARCH_DB_INVALID_SEARCH_VALUE ' +
        'enabled is compared with true or false, not with x',
    ],
  ],
])('%s has all of these violations', (query, violations) => {
  expect(read(query)).toEqual(violations)
})
