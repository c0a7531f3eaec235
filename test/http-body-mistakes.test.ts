import { describe, expect, test } from 'vitest'
import { EVENT, messageOf, NEW, requestsTo, warnings } from './support/mistaken-requests.ts'
import { createApiForFile, envelopeOf } from './support/test-api.ts'

const api = createApiForFile({ isEmptiedBeforeEach: true })
const { publish, create } = requestsTo(api)

describe('a misspelt member', () => {
  test.each([
    [
      'a required one of an event',
      () => publish({ sourse: 's', type: EVENT.type, timestamp: EVENT.timestamp }),
      '/source is missing; is `sourse` a misspelling of it?',
    ],
    [
      'one of a subscription',
      () => create({ ...NEW, typeFilter: undefined, typefilter: 'jobs.*.*' }),
      '/typeFilter is missing; is `typefilter` a misspelling of it?',
    ],
    [
      'one of a target',
      () => create({ ...NEW, deliveryTargets: [{ deliveryMethod: 'EMAIL', deliverAddress: 'a@b' }] }),
      '/deliveryTargets/0/deliveryAddress is missing; is `deliverAddress` a misspelling of it?',
    ],
    [
      'an unknown one of a subscription',
      () => create({ ...NEW, ttlMinuts: 1 }),
      '/ttlMinuts is not a member of this request; did you mean ttlMinutes?',
    ],
    [
      'of a search',
      () => api.call('POST', '/subscriptions/search', { body: { serch: ['a'] } }),
      '/search is missing; is `serch` a misspelling of it?',
    ],
    [
      'of a change',
      () => api.call('PATCH', '/subscriptions/byName/x', { body: { subjectfilter: 'x' } }),
      '/subjectfilter is not a member of this request; did you mean subjectFilter?',
    ],
    [
      'of a series',
      () => api.call('POST', '/events/endSeries', { body: { source: 's', subject: 's', seriesID: 'x' } }),
      '/seriesId is missing; is `seriesID` a misspelling of it?',
    ],
  ])('%s: the intended member is suggested', async (_what, send, words) => {
    expect(await messageOf(send(), 400)).toContain(words)
  })

  test('a member that resembles nothing gets no suggestion', async () => {
    expect(await messageOf(publish({ colour: 1, type: EVENT.type, timestamp: 't' }), 400)).toMatch(
      /\/source is missing$/,
    )
  })

  test.each([
    [{ dta: '1' }, 'the member dta is unknown and was ignored; did you mean data?'],
    [{ seriesID: '1' }, 'the member seriesID is unknown and was ignored; did you mean seriesId?'],
    [{ colour: 'red' }, 'the member colour is unknown and was ignored'],
    [{ '\u202e\u00e9\r\nx: y': 1 }, 'the member ????x: y is unknown and was ignored'],
  ])('%j of an accepted event causes a warning in a header', async (more, words) => {
    const response = await publish({ ...EVENT, ...more })
    expect(warnings(response).split(', the')[0]).toContain(words.slice(0, 30))
    expect(warnings(response)).toContain(words.replace(/^the member \?+/, '').slice(-30))
    await envelopeOf(response)
    expect(api.published).toHaveLength(1)
  })

  test('a thousand of them are ten warnings', async () => {
    const response = await publish({
      ...EVENT,
      ...Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`k${index}`, 1])),
    })
    expect([response.status, warnings(response).split(' was ignored').length - 1]).toEqual([200, 10])
  })

  test('members that the service maintains, and a correct event, cause no warning', async () => {
    expect(
      warnings(
        await publish({
          ...EVENT,
          tenant: 't',
          user: 'u',
          uuid: 'x',
          received: 'r',
          seriesSeqCount: 1,
          data: null,
          subject: 's',
          seriesId: 's',
          endSeries: false,
          deleteSubscriptionsMatchingSubject: false,
        }),
      ),
    ).toBe('')
    expect(
      warnings(await api.call('POST', '/events/endSeries', { body: { source: 's', subject: 's', seriesId: 'x' } })),
    ).toBe('')
  })
})

describe('a timestamp', () => {
  test.each([
    'yesterday',
    't',
    '23.11.2026',
    '11/23/2026',
    '1700000000',
    '2026-13-01T10:00:00Z',
    '2026-11-23T25:00:00Z',
    '2026-11-23 at noon',
    'x'.repeat(1000),
  ])('%j is passed on with a warning', async (timestamp) => {
    const response = await publish({ ...EVENT, timestamp })
    expect([response.status, warnings(response)]).toEqual([
      200,
      'the timestamp is not an ISO 8601 date and time like 2026-11-23T10:00:00Z; it is passed on unchanged',
    ])
    expect(api.published.map(({ event }) => event?.timestamp)).toEqual([timestamp])
  })

  test.each([
    '2026-11-23T10:00:00Z',
    '2026-11-23T10:00:00.123456789Z',
    '2026-11-23T10:00:00+01:00',
    '2026-11-23T10:00:00-0600',
    '2026-11-23T10:00:00',
    '2026-11-23T10:00Z',
    '2026-11-23 10:00:00+00',
    '20261123T100000Z',
    '2026-11-23',
    '2026-11-23T10:00:00,5Z',
    '2026-12-31T23:59:60Z',
    '2026-11-23t10:00:00z',
  ])('%s is one', async (timestamp) => {
    expect(warnings(await publish({ ...EVENT, timestamp }))).toBe('')
  })
})

describe('explanations instead of patterns', () => {
  test.each([
    [
      'a type of two sections',
      () => publish({ ...EVENT, type: 'jobs.done' }),
      '/type must be service.category.detail (it has 2 sections): a-z, then twice a letter followed by letters, digits, - _ ~',
    ],
    ['a type with a blank', () => publish({ ...EVENT, type: 'jobs.a.b c' }), '(it has a blank)'],
    ['a type with a star', () => publish({ ...EVENT, type: 'jobs.*.b' }), '(it has a *, which only filters may have)'],
    [
      '* as filter',
      () => create({ ...NEW, typeFilter: '*' }),
      '/typeFilter must be service.category.detail, like jobs.*.* (it has one section)',
    ],
    [
      'a filter of capitals',
      () => create({ ...NEW, typeFilter: 'Jobs.*.*' }),
      '/typeFilter must be service.category.detail, like jobs.*.*: a-z',
    ],
    ['a filter of dots', () => create({ ...NEW, typeFilter: '.'.repeat(100) }), '(it has many sections)'],
    [
      'a name with a blank',
      () => create({ ...NEW, name: 'my sub' }),
      '/name must begin with a letter or digit, followed by letters, digits and . _ ~ @ - (it has a blank)',
    ],
    [
      'data as an object',
      () => publish({ ...EVENT, data: { a: 1 } }),
      '/data must be string or null; send its content as a string, for example with JSON.stringify',
    ],
    [
      'data as a list',
      () => publish({ ...EVENT, data: [1] }),
      '/data must be string or null; send its content as a string',
    ],
    [
      'a list of events',
      () => publish([EVENT, EVENT]),
      'the body must be a JSON object, not a list; send its elements one at a time',
    ],
    [
      'a list of subscriptions',
      () =>
        api.call('POST', '/subscriptions', {
          body: JSON.stringify([NEW]),
          headers: { 'content-type': 'application/json' },
        }),
      'not a list',
    ],
  ])('%s', async (_what, send, words) => {
    const message = await messageOf(send(), 400)
    expect(message).toContain(words)
    expect(message).not.toMatch(/\^|\\S|pattern/)
  })
})
