import { describe, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { answer, createSubscriptionCalls, NEW } from './support/subscription-calls.ts'
import { createApiForFile, envelopeOf, type CallOptions } from './support/test-api.ts'
import { endReasons } from './support/stored-state.ts'

const api = createApiForFile({ isEmptiedBeforeEach: true })
const { createNamed } = createSubscriptionCalls(api)

describe('read', () => {
  test('select keeps what it names, and the name', async () => {
    await createNamed('s1')
    const chosen = async (select: string) =>
      Object.keys((await answer(api.call('GET', `/subscriptions/byName/s1?select=${select}`))).result)
    expect(await chosen('enabled,deliveryTargets,nonsense')).toEqual(['name', 'enabled', 'deliveryTargets'])
    expect(await chosen('expiry,summaryAttributes')).toEqual(['owner', 'name', 'typeFilter', 'subjectFilter', 'expiry'])
    expect(await chosen('')).toHaveLength(13)
  })

  test('a subscription may have the name of a path segment', async () => {
    const names = ['search', 'byName', 'byUuid', 'bySubject', 'isEnabled', 'enable']
    for (const name of names) {
      await createNamed(name)
      await answer(api.call('POST', `/subscriptions/${name}/disable`))
      await answer(api.call('POST', `/subscriptions/${name}/updateTTL/7`))
    }
    for (const name of names) {
      expect((await answer(api.call('GET', `/subscriptions/byName/${name}?select=enabled,ttlMinutes`))).result).toEqual(
        { name, enabled: false, ttlMinutes: 7 },
      )
      // For these two the address is one of byName and byUuid.
      if (!['byName', 'byUuid'].includes(name))
        expect((await answer(api.call('GET', `/subscriptions/${name}/isEnabled`))).result).toEqual({ aBool: false })
    }
    expect((await answer(api.call('GET', '/subscriptions/byName/isEnabled'))).result.name).toBe('isEnabled')
  })

  test('by uuid, in any letter case; a malformed uuid is 400', async () => {
    await createNamed('s1')
    const { uuid } = (await answer(api.call('GET', '/subscriptions/byName/s1'))).result
    expect((await answer(api.call('GET', `/subscriptions/byUuid/${uuid.toUpperCase()}`))).result.name).toBe('s1')
    expect((await answer(api.call('GET', '/subscriptions/byUuid/1-1-1-1-1'), 400)).message).toMatch(
      /^NTFAPI_GET_BY_UUID_ERROR /,
    )
    expect(
      (await answer(api.call('GET', '/subscriptions/byUuid/00000000-0000-4000-8000-000000000000'), 404)).message,
    ).toMatch(/^NTFAPI_NOT_FOUND_BY_UUID /)
  })

  test('users see only their own, and learn nothing of others', async () => {
    await createNamed('s1')
    const { uuid } = (await answer(api.call('GET', '/subscriptions/byName/s1', { as: 'user' }))).result
    expect(
      (await answer(api.call('GET', '/subscriptions/byName/s1?ownedBy=jdoe', { as: 'user', user: 'eve' }), 401))
        .message,
    ).toMatch(/^NTFLIB_SUBSCR_UNAUTH /)
    await answer(api.call('GET', '/subscriptions/byName/none?ownedBy=jdoe', { as: 'user', user: 'eve' }), 401)
    await answer(api.call('GET', `/subscriptions/byUuid/${uuid}`, { as: 'user', user: 'eve' }), 404)
    expect(
      (await answer(api.call('DELETE', `/subscriptions/byUuid/${uuid}`, { as: 'user', user: 'eve' }))).result,
    ).toEqual({ changes: 0 })
    await answer(api.call('GET', `/subscriptions/byUuid/${uuid}`, { tenant: 'other' }), 404)
    expect(
      (await answer(api.call('GET', '/subscriptions/byName/s1?ownedBy=jdoe', { user: 'someone' }))).result.owner,
    ).toBe('jdoe')
  })

  test('lists show the summary of own subscriptions in order of creation', async () => {
    for (const name of ['b', 'a', 'c']) await createNamed(name)
    await createNamed('x', { user: 'other' })
    const { result, message, metadata } = await envelopeOf<Subscription[]>(
      api.call('GET', '/subscriptions', { as: 'user' }),
    )
    expect(result.map(({ name }) => name)).toEqual(['b', 'a', 'c'])
    expect(Object.keys(result[0] ?? {})).toEqual(['owner', 'name', 'typeFilter', 'subjectFilter'])
    expect(message).toBe('TAPIS_FOUND Notifications found: 3 subscriptions')
    expect(metadata).toEqual({
      recordCount: 3,
      recordLimit: 100,
      recordsSkipped: 0,
      orderBy: null,
      startAfter: null,
      totalCount: -1,
    })
  })

  test('limit, skip, computeTotal, ownedBy, anyOwner', async () => {
    for (const name of ['b', 'a', 'c']) await createNamed(name)
    await createNamed('x', { user: 'other' })
    const listed = async (query: string) => {
      const { result, metadata } = await envelopeOf<Subscription[]>(api.call('GET', `/subscriptions?${query}`))
      return [
        result.map(({ name }) => name).join(''),
        metadata?.recordLimit,
        metadata?.recordsSkipped,
        metadata?.totalCount,
      ]
    }
    expect(await listed('limit=1&skip=1&computeTotal=true')).toEqual(['a', 1, 1, 3])
    expect(await listed('limit=0&computeTotal=TRUE')).toEqual(['', 0, 0, 3])
    expect(await listed('orderBy=&startAfter=&search=&limit=-1&skip=-1')).toEqual(['bac', -1, -1, -1])
    expect(await listed('ownedBy=other')).toEqual(['x', 100, 0, -1])
    expect(await listed('anyOwner=True&ownedBy=nobody')).toEqual(['bacx', 100, 0, -1])
  })

  test.each([
    ['limit=x', 'service', 400, 'TAPIS_QUERY_PARAM_NOTINT'],
    ['skip=2147483648', 'service', 400, 'TAPIS_QUERY_PARAM_NOTINT'],
    ['limit=1&limit=1', 'service', 400, 'TAPIS_QUERY_PARAM_MULTIPLE'],
    ['search=(a.eq.b)', 'service', 400, 'NTFAPI_SEARCH_ERROR'],
    ['ownedBy=other', 'user', 401, 'NTFLIB_UNAUTH2'],
    ['anyOwner=true', 'user', 401, 'NTFLIB_UNAUTH1'],
  ] as const)('%s by a %s is refused', async (query, as, status, code) => {
    expect((await answer(api.call('GET', `/subscriptions?${query}`, { as }), status)).message).toMatch(
      new RegExp(`^${code} `),
    )
  })
})

describe('change', () => {
  test('enable and disable return 1 change each time; isEnabled shows the result', async () => {
    await createNamed('s1')
    for (const [verb, aBool] of [
      ['disable', false],
      ['disable', false],
      ['enable', true],
    ] as const) {
      const { result, message } = await answer(api.call('POST', `/subscriptions/s1/${verb}`, { as: 'user' }))
      expect(result).toEqual({ changes: 1 })
      expect(message).toMatch(/^NTFAPI_SUBSCR_UPDATED /)
      expect((await answer(api.call('GET', '/subscriptions/s1/isEnabled', { as: 'user' }))).result).toEqual({ aBool })
    }
    await answer(api.call('POST', '/subscriptions/none/enable'), 404)
    await answer(api.call('GET', '/subscriptions/none/isEnabled'), 404)
    await answer(api.call('POST', '/subscriptions/s1/enable?ownedBy=jdoe', { as: 'user', user: 'eve' }), 401)
  })

  test('deletes count what they ended and may be repeated', async () => {
    for (const name of ['s1', 's2', 's3', 's4']) await createNamed(name)
    await createNamed('star', {}, { subjectFilter: '*' })
    await createNamed('x', { user: 'other' })
    const { uuid } = (await answer(api.call('GET', '/subscriptions/byName/s2'))).result
    const changes = async (path: string, options: CallOptions = {}) =>
      (await answer(api.call('DELETE', `/subscriptions/${path}`, options))).result.changes
    expect([await changes('byName/s1'), await changes('byName/s1')]).toEqual([1, 0])
    expect([await changes(`byUuid/${uuid}`), await changes(`byUuid/${uuid}`)]).toEqual([1, 0])
    expect([await changes(`bySubject/${NEW.subjectFilter}`), await changes(`bySubject/${NEW.subjectFilter}`)]).toEqual([
      2, 0,
    ])
    expect(await changes(`bySubject/${NEW.subjectFilter}?anyOwner=true`)).toBe(1)
    expect(await changes('bySubject/*', { as: 'user' })).toBe(1)
    expect(new Set(await endReasons(api.db))).toEqual(new Set(['deleted']))
    await createNamed('s1')
  })

  test('deletes by subject with a slash; rejected for users with anyOwner, and for a blank subject', async () => {
    await createNamed('s1', {}, { subjectFilter: '/tmp/a b%' })
    expect(
      (await answer(api.call('DELETE', `/subscriptions/bySubject/${encodeURIComponent('/tmp/a b%')}`))).result.changes,
    ).toBe(1)
    expect(
      (await answer(api.call('DELETE', '/subscriptions/bySubject/x?anyOwner=true', { as: 'user' }), 401)).message,
    ).toMatch(/^NTFLIB_UNAUTH1 /)
    expect((await answer(api.call('DELETE', '/subscriptions/bySubject/%20'), 400)).message).toMatch(
      /^NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR /,
    )
    await answer(api.call('DELETE', '/subscriptions/byUuid/nonsense'), 400)
  })
})
