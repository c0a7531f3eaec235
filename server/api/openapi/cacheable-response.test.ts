import { expect, test } from 'vitest'
import { cacheableResponse } from './cacheable-response.ts'

const answer = cacheableResponse({ text: 'text', contentType: 'text/plain', headers: { extra: 'yes' } })
const asking = (...ifNoneMatch: string[]) => answer({ headersDistinct: { 'if-none-match': ifNoneMatch } })

const whole = answer({ headersDistinct: {} })
const etag = whole.headers?.etag ?? ''

test('the first response is complete, and says how to revalidate', () => {
  expect(whole).toEqual({
    httpStatus: 200,
    text: 'text',
    contentType: 'text/plain',
    headers: { extra: 'yes', etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
  })
  expect(etag).toMatch(/^"[\w-]{43}"$/)
})

test.each([[etag], [`W/${etag}`], [`"other", ${etag}`], ['"other"', etag], ['*']])(
  'a client with the same tag gets 304: %s',
  (...tags) => {
    expect(asking(...tags)).toMatchObject({ httpStatus: 304, text: '', headers: { etag } })
  },
)

test.each([['"other"'], [''], [etag.slice(1, -1)]])('a client with another tag gets the document: %s', (tag) => {
  expect(asking(tag).httpStatus).toBe(200)
})

test('another text has another tag', () => {
  expect(
    cacheableResponse({ text: 'texts', contentType: 'text/plain' })({ headersDistinct: {} }).headers?.etag,
  ).not.toBe(etag)
})
