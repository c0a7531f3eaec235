import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf } from './support/test-api.ts'

const api = createApiForFile()

describe('everything that is wrong is named at once', () => {
  /** Codes and texts of the violations; a violation with the code of the response comes without it. */
  async function violations(method: 'GET' | 'POST', path: string, body?: object | string): Promise<string[]> {
    const { message, result } = await envelopeOf(
      api.call(
        method,
        `/subscriptions${path}`,
        body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } },
      ),
      400,
    )
    expect(result).toBeNull()
    const [sentence = '', ...lines] = message.split('\n')
    return [sentence.split(' ')[0] ?? '', ...lines.map((line) => line.replace(/^ *#\d+ /, ''))]
  }

  test('several parameters and several conditions', async () => {
    expect(
      await violations(
        'GET',
        '?limit=x&skip=1.5&orderBy=nothing,name(up)&startAfter=a&search=(name.eq.)~(nothing.lt.1)&select=a&select=b',
      ),
    ).toEqual([
      'TAPIS_QUERY_PARAM_MULTIPLE',
      'select is given more than once',
      'TAPIS_QUERY_PARAM_NOTINT limit is not a 32-bit integer: x',
      'TAPIS_QUERY_PARAM_NOTINT skip is not a 32-bit integer: 1.5',
      'NTFLIB_DB_NO_COLUMN_SORT orderBy: there is no attribute nothing',
      'TAPIS_QUERY_PARAM_ORDERBY_ERROR orderBy: not of the form attribute(asc) or attribute(desc): name(up)',
      'TAPIS_QUERY_PARAM_INVALID_PAIR2 startAfter and skip are mutually exclusive',
      expect.stringMatching(/^NTFAPI_SEARCH_ERROR SEARCH_COND_INVALID_NOVAL /),
      expect.stringMatching(/^NTFAPI_SEARCH_ERROR NTFLIB_DB_NO_COLUMN /),
    ])
  })

  test.each([
    ['?limit=2147483648', 'TAPIS_QUERY_PARAM_NOTINT'],
    ['?limit=10&limit=10', 'TAPIS_QUERY_PARAM_MULTIPLE'],
    ['?ownedBy=a&ownedBy=a', 'TAPIS_QUERY_PARAM_MULTIPLE'],
    ['?orderBy=name,', 'TAPIS_QUERY_PARAM_ORDERBY_ERROR'],
    ['?orderBy=seq_id', 'NTFLIB_DB_NO_COLUMN_SORT'],
    ['?startAfter=a', 'TAPIS_QUERY_PARAM_INVALID_PAIR1'],
    ['?startAfter=a&orderBy=name&skip=0', 'TAPIS_QUERY_PARAM_INVALID_PAIR2'],
    ['?startAfter=a&orderBy=created', 'NTFAPI_SEARCH_ERROR'],
    ['?search=(name.eq.a', 'NTFAPI_SEARCH_ERROR'],
    ['/search?name=a', 'NTFAPI_SEARCH_ERROR'],
    ['/search?deliveryTargets.eq=a', 'NTFAPI_SEARCH_ERROR'],
  ])('%s', async (path, code) => {
    expect((await violations('GET', path))[0]).toBe(code)
  })

  test.each([
    [undefined, 'TAPIS_JSON_VALIDATION_ERROR'],
    ['{"search":', 'TAPIS_JSON_VALIDATION_ERROR'],
    [{}, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: [] }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: "name = 'a'" }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: ['', 1] }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: [''], more: 1 }, 'TAPIS_JSON_VALIDATION_ERROR'],
    [{ search: ['name ='] }, 'NTFAPI_SEARCH_ERROR'],
    [{ search: ["name = 'a\u0000'"] }, 'NTFAPI_SEARCH_ERROR'],
    [{ search: ["name = '\ud800'"] }, 'NTFAPI_SEARCH_ERROR'],
  ])('the body %j', async (body, code) => {
    expect((await violations('POST', '/search', body))[0]).toBe(code)
  })

  test('a body and parameters', async () => {
    expect(await violations('POST', '/search?limit=x', { search: 7, more: 1 })).toEqual([
      'TAPIS_JSON_VALIDATION_ERROR',
      expect.stringContaining('/more'),
      expect.stringContaining('/search'),
      'TAPIS_QUERY_PARAM_NOTINT limit is not a 32-bit integer: x',
    ])
  })
})
