import { describe, expect, test } from 'vitest'
import { createApiForFile, envelopeOf, type CallOptions } from './support/api.ts'

const api = createApiForFile({ isEmptiedBeforeEach: true })

const EVENT = { source: 's', type: 'jobs.a.b', timestamp: '2026-11-23T10:00:00Z' }
const NEW = { name: 'mine', typeFilter: 'jobs.*.*', subjectFilter: 'x', deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'a@example.org' }] }
const publish = (body: unknown, query = '') => api.call('POST', `/events/publish${query}`, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
const create = (body: object) => api.call('POST', '/subscriptions', { body })
const messageOf = async (response: Promise<Response>, status: number) => (await envelopeOf(response, status)).message
const warnings = (response: Response) => response.headers.get('tidings-warning') ?? ''
const DOCS = '/v3/notifications/docs'

describe('an address that is none of ours', () => {
  test.each([
    ['/', undefined], ['/v3/notifications', undefined], ['/v3/notifications/', undefined], ['/v3/notifications/nowhere', undefined], ['/favicon.ico', undefined],
    ['/v3/notifications/subscription', '/v3/notifications/subscriptions?'], ['/v3/notifications/Events/publish/', '/v3/notifications/events/publish?'],
    ['/subscriptions', '/v3/notifications/subscriptions?'], ['/healthcheck', '/v3/notifications/healthcheck?'], ['/v3/notifications/heathcheck?a=b', '/v3/notifications/healthcheck?'],
  ])('%s points to the documentation, and to what was meant', async (path, meant) => {
    for (const method of ['GET', 'POST']) {
      const { message } = await envelopeOf(fetch(api.address + path, { method }), 404)
      expect(message).toContain(`documentation: ${api.address}${DOCS}`)
      if (meant === undefined) expect(message).not.toContain('hint')
      else expect(message).toContain(`did you mean ${meant}`)
    }
  })

  test.each(['/', '/v3/notifications', '/v3/notifications/', '/?x=1'])('%s leads a browser to the documentation', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(api.address + path, { method, redirect: 'manual', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
      expect([response.status, response.headers.get('location'), response.headers.get('cache-control')]).toEqual([302, `${api.address}${DOCS}`, 'no-store'])
    }
    expect((await fetch(`${api.address}${path}`, { headers: { accept: 'text/html' } })).headers.get('content-type')).toContain('text/html')
  })

  test.each(['GET', 'DELETE', 'PATCH'])('%s of the address that a creation answered says which one a subscription has', async (method) => {
    const { result } = await envelopeOf<{ url: string }>(create(NEW), 201)
    expect(await messageOf(fetch(result.url, { method }), 404)).toContain('hint: a subscription has the address /v3/notifications/subscriptions/byName/mine')
  })

  test('a hostile one is cut, and stays one line', async () => {
    const message = await messageOf(api.call('GET', `/subscriptions/${encodeURIComponent('\u202e\r\n')}${'a'.repeat(3000)}`), 404)
    expect(message.length).toBeLessThan(800)
    expect(message).not.toMatch(/[\n\u202e]/)
  })
})

test('another method: the message names those that the address takes, and the documentation', async () => {
  const message = await messageOf(api.call('GET', '/events/publish'), 405)
  expect(message).toBe(`NTFAPI_METHOD_NOT_ALLOWED The address does not take this method. allowed: POST, OPTIONS documentation: ${api.address}${DOCS}`)
})

describe('a misspelt member', () => {
  test.each([
    ['a required one of an event', () => publish({ sourse: 's', type: EVENT.type, timestamp: EVENT.timestamp }), '/source is missing; did you mean it by `sourse`?'],
    ['one of a subscription', () => create({ ...NEW, typeFilter: undefined, typefilter: 'jobs.*.*' }), '/typeFilter is missing; did you mean it by `typefilter`?'],
    ['one of a target', () => create({ ...NEW, deliveryTargets: [{ deliveryMethod: 'EMAIL', deliverAddress: 'a@b' }] }), '/deliveryTargets/0/deliveryAddress is missing; did you mean it by `deliverAddress`?'],
    ['an unknown one of a subscription', () => create({ ...NEW, ttlMinuts: 1 }), '/ttlMinuts is not a member of this request; did you mean ttlMinutes?'],
    ['of a search', () => api.call('POST', '/subscriptions/search', { body: { serch: ['a'] } }), '/search is missing; did you mean it by `serch`?'],
    ['of a change', () => api.call('PATCH', '/subscriptions/byName/x', { body: { subjectfilter: 'x' } }), '/subjectfilter is not a member of this request; did you mean subjectFilter?'],
    ['of a series', () => api.call('POST', '/events/endSeries', { body: { source: 's', subject: 's', seriesID: 'x' } }), '/seriesId is missing; did you mean it by `seriesID`?'],
  ])('%s: the one that was meant is named', async (_what, send, words) => {
    expect(await messageOf(send(), 400)).toContain(words)
  })

  test('what resembles nothing is not guessed at', async () => {
    expect(await messageOf(publish({ colour: 1, type: EVENT.type, timestamp: 't' }), 400)).toMatch(/\/source is missing$/)
  })

  test.each([
    [{ dta: '1' }, 'the member dta is unknown and was ignored; did you mean data?'],
    [{ seriesID: '1' }, 'the member seriesID is unknown and was ignored; did you mean seriesId?'],
    [{ colour: 'red' }, 'the member colour is unknown and was ignored'],
    [{ '\u202e\u00e9\r\nx: y': 1 }, 'the member ????x: y is unknown and was ignored'],
  ])('%j of an event that is taken is warned of in a header', async (more, words) => {
    const response = await publish({ ...EVENT, ...more })
    expect(warnings(response).split(', the')[0]).toContain(words.slice(0, 30))
    expect(warnings(response)).toContain(words.replace(/^the member \?+/, '').slice(-30))
    await envelopeOf(response)
    expect(api.published).toHaveLength(1)
  })

  test('a thousand of them are ten warnings', async () => {
    const response = await publish({ ...EVENT, ...Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`k${index}`, 1])) })
    expect([response.status, warnings(response).split(' was ignored').length - 1]).toEqual([200, 10])
  })

  test('what the service maintains, and an event as it should be, are no reason for a warning', async () => {
    expect(warnings(await publish({ ...EVENT, tenant: 't', user: 'u', uuid: 'x', received: 'r', seriesSeqCount: 1, data: null, subject: 's', seriesId: 's', endSeries: false, deleteSubscriptionsMatchingSubject: false }))).toBe('')
    expect(warnings(await api.call('POST', '/events/endSeries', { body: { source: 's', subject: 's', seriesId: 'x' } }))).toBe('')
  })
})

describe('a timestamp', () => {
  test.each(['yesterday', 't', '23.11.2026', '11/23/2026', '1700000000', '2026-13-01T10:00:00Z', '2026-11-23T25:00:00Z', '2026-11-23 at noon', 'x'.repeat(1000)])('%j is passed on with a warning', async (timestamp) => {
    const response = await publish({ ...EVENT, timestamp })
    expect([response.status, warnings(response)]).toEqual([200, 'the timestamp is no date and time of ISO 8601, like 2026-11-23T10:00:00Z; it is passed on as it is'])
    expect(api.published.map(({ event }) => event?.timestamp)).toEqual([timestamp])
  })

  test.each([
    '2026-11-23T10:00:00Z', '2026-11-23T10:00:00.123456789Z', '2026-11-23T10:00:00+01:00', '2026-11-23T10:00:00-0600', '2026-11-23T10:00:00', '2026-11-23T10:00Z', '2026-11-23 10:00:00+00', '20261123T100000Z', '2026-11-23', '2026-11-23T10:00:00,5Z', '2026-12-31T23:59:60Z', '2026-11-23t10:00:00z',
  ])('%s is one', async (timestamp) => {
    expect(warnings(await publish({ ...EVENT, timestamp }))).toBe('')
  })
})

describe('words in place of patterns', () => {
  test.each([
    ['a type of two sections', () => publish({ ...EVENT, type: 'jobs.done' }), '/type must be service.category.detail (it has 2 sections): a-z, then twice a letter with letters, digits, - _ ~'],
    ['a type with a blank', () => publish({ ...EVENT, type: 'jobs.a.b c' }), '(it has a blank)'],
    ['a type with a star', () => publish({ ...EVENT, type: 'jobs.*.b' }), '(it has a *, which is for filters)'],
    ['* as filter', () => create({ ...NEW, typeFilter: '*' }), '/typeFilter must be service.category.detail, like jobs.*.* (it has one section)'],
    ['a filter of capitals', () => create({ ...NEW, typeFilter: 'Jobs.*.*' }), '/typeFilter must be service.category.detail, like jobs.*.*: a-z'],
    ['a filter of dots', () => create({ ...NEW, typeFilter: '.'.repeat(100) }), '(it has many sections)'],
    ['a name with a blank', () => create({ ...NEW, name: 'my sub' }), '/name must begin with a letter or digit and go on with letters, digits and . _ ~ @ - (it has a blank)'],
    ['data as an object', () => publish({ ...EVENT, data: { a: 1 } }), '/data must be string or null; send what it holds as a text, JSON as JSON.stringify writes it'],
    ['data as a list', () => publish({ ...EVENT, data: [1] }), '/data must be string or null; send what it holds as a text'],
    ['a list of events', () => publish([EVENT, EVENT]), 'the body must be a JSON object, not a list; send what is in the list one at a time'],
    ['a list of subscriptions', () => api.call('POST', '/subscriptions', { body: JSON.stringify([NEW]), headers: { 'content-type': 'application/json' } }), 'not a list'],
  ])('%s', async (_what, send, words) => {
    const message = await messageOf(send(), 400)
    expect(message).toContain(words)
    expect(message).not.toMatch(/\^|\\S|pattern/)
  })
})

describe('a misspelt query parameter', () => {
  const list = (query: string, options: CallOptions = {}) => api.call('GET', `/subscriptions?${query}`, options)

  test.each([
    ['limt=5', 'limit'], ['Limit=5', 'limit'], ['skp=1', 'skip'], ['order_by=name', 'orderBy'], ['anyOwnr=true', 'anyOwner'], ['ownedby=x', 'ownedBy'], ['serach=(name.eq.x)', 'search'], ['computeTotals=true', 'computeTotal'],
  ])('%s is ignored as ever, and warned of', async (query, meant) => {
    const response = await list(query)
    expect([response.status, warnings(response)]).toEqual([200, `the query parameter ${query.split('=')[0]} is unknown and was ignored; did you mean ${meant}?`])
  })

  test.each(['limit=5', 'utm_source=x', '_=1234', 'x=1', ''])('%j is none', async (query) => {
    expect(warnings(await list(query))).toBe('')
  })

  test('of other operations too, with what else there is to be warned of', async () => {
    const response = await publish({ ...EVENT, dta: 'x' }, '?tennant=dev')
    expect(warnings(response)).toContain('tennant is unknown and was ignored; did you mean tenant?')
    expect(warnings(response)).toContain('did you mean data?')
    expect(warnings(await api.call('POST', '/test/begin?numberOfEvent=2'))).toContain('did you mean numberOfEvents?')
  })

  test('thousands of them cost one look', async () => {
    expect((await list('limt=5&'.repeat(1900))).status).toBe(200)
  })

  test('where every parameter is a condition it is refused', async () => {
    expect(await messageOf(api.call('GET', '/subscriptions/search?limt=5'), 400)).toContain('limt')
  })
})

test('a tenant that is nearly the own one is named; of another nothing is told', async () => {
  expect(await messageOf(publish(EVENT, '?tenant=dve'), 401)).toMatch(/ tenant: dve hint: did you mean dev\?$/)
  expect(await messageOf(publish(EVENT, '?tenant=nobody'), 401)).toMatch(/ tenant: nobody$/)
})
