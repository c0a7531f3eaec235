import { describe, expect, test } from 'vitest'
import { EVENT, messageOf, NEW, requestsTo, warnings } from './support/mistaken-requests.ts'
import { createApiForFile, envelopeOf, type CallOptions } from './support/test-api.ts'

const api = createApiForFile({ isEmptiedBeforeEach: true })
const { publish, create } = requestsTo(api)
const DOCS = '/v3/notifications/docs'

describe('an unknown path', () => {
  test.each([
    ['/', undefined],
    ['/v3/notifications', undefined],
    ['/v3/notifications/', undefined],
    ['/v3/notifications/nowhere', undefined],
    ['/favicon.ico', undefined],
    ['/v3/notifications/subscription', '/v3/notifications/subscriptions?'],
    ['/v3/notifications/Events/publish/', '/v3/notifications/events/publish?'],
    ['/subscriptions', '/v3/notifications/subscriptions?'],
    ['/healthcheck', '/v3/notifications/healthcheck?'],
    ['/v3/notifications/heathcheck?a=b', '/v3/notifications/healthcheck?'],
  ])('%s points to the documentation, and suggests what was meant', async (path, meant) => {
    for (const method of ['GET', 'POST']) {
      const { message } = await envelopeOf(fetch(api.address + path, { method }), 404)
      expect(message).toContain(`documentation: ${api.address}${DOCS}`)
      if (meant === undefined) expect(message).not.toContain('hint')
      else expect(message).toContain(`did you mean ${meant}`)
    }
  })

  test.each(['/', '/v3/notifications', '/v3/notifications/', '/?x=1'])(
    '%s leads a browser to the documentation',
    async (path) => {
      for (const method of ['GET', 'HEAD']) {
        const response = await fetch(api.address + path, {
          method,
          redirect: 'manual',
          headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
        })
        expect([response.status, response.headers.get('location'), response.headers.get('cache-control')]).toEqual([
          302,
          `${api.address}${DOCS}`,
          'no-store',
        ])
      }
      expect(
        (await fetch(`${api.address}${path}`, { headers: { accept: 'text/html' } })).headers.get('content-type'),
      ).toContain('text/html')
    },
  )

  test.each(['GET', 'DELETE', 'PATCH'])(
    '%s of the address that a creation returned names the path of the subscription',
    async (method) => {
      const { result } = await envelopeOf<{ url: string }>(create(NEW), 201)
      expect(await messageOf(fetch(result.url, { method }), 404)).toContain(
        'hint: a subscription has the path /v3/notifications/subscriptions/byName/mine',
      )
    },
  )

  test('a hostile path is truncated, and stays on one line', async () => {
    const message = await messageOf(
      api.call('GET', `/subscriptions/${encodeURIComponent('\u202e\r\n')}${'a'.repeat(3000)}`),
      404,
    )
    expect(message.length).toBeLessThan(800)
    expect(message).not.toMatch(/[\n\u202e]/)
  })
})

test('another method: the message names those that the path supports, and the documentation', async () => {
  const message = await messageOf(api.call('GET', '/events/publish'), 405)
  expect(message).toBe(
    `NTFAPI_METHOD_NOT_ALLOWED The path does not support this method. allowed: POST, OPTIONS documentation: ${api.address}${DOCS}`,
  )
})

describe('a misspelt query parameter', () => {
  const list = (query: string, options: CallOptions = {}) => api.call('GET', `/subscriptions?${query}`, options)

  test.each([
    ['limt=5', 'limit'],
    ['Limit=5', 'limit'],
    ['skp=1', 'skip'],
    ['order_by=name', 'orderBy'],
    ['anyOwnr=true', 'anyOwner'],
    ['ownedby=x', 'ownedBy'],
    ['serach=(name.eq.x)', 'search'],
    ['computeTotals=true', 'computeTotal'],
  ])('%s is ignored, with a warning', async (query, meant) => {
    const response = await list(query)
    expect([response.status, warnings(response)]).toEqual([
      200,
      `the query parameter ${query.split('=')[0]} is unknown and was ignored; did you mean ${meant}?`,
    ])
  })

  test.each(['limit=5', 'utm_source=x', '_=1234', 'x=1', ''])('%j is not one', async (query) => {
    expect(warnings(await list(query))).toBe('')
  })

  test('in other operations too, together with other warnings', async () => {
    const response = await publish({ ...EVENT, dta: 'x' }, '?tennant=dev')
    expect(warnings(response)).toContain('tennant is unknown and was ignored; did you mean tenant?')
    expect(warnings(response)).toContain('did you mean data?')
    expect(warnings(await api.call('POST', '/test/begin?numberOfEvent=2'))).toContain('did you mean numberOfEvents?')
  })

  test('thousands of them cost a single comparison', async () => {
    expect((await list('limt=5&'.repeat(1900))).status).toBe(200)
  })

  test('where every parameter is a condition it is rejected', async () => {
    expect(await messageOf(api.call('GET', '/subscriptions/search?limt=5'), 400)).toContain('limt')
  })
})

test('a tenant that resembles the own one is suggested; nothing is revealed about another', async () => {
  expect(await messageOf(publish(EVENT, '?tenant=dve'), 401)).toMatch(/ tenant: dve hint: did you mean dev\?$/)
  expect(await messageOf(publish(EVENT, '?tenant=nobody'), 401)).toMatch(/ tenant: nobody$/)
})
