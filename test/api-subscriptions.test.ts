import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createApiForFile, envelopeOf, startApiForTest, type CallOptions } from './support/api.ts'

const WEBHOOK = { deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks/jobs' }
const NEW = { typeFilter: 'jobs.JOB_NEW_STATUS.*', subjectFilter: 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007', deliveryTargets: [WEBHOOK] }
const CALLER = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z$/

const api = createApiForFile({ isEmptiedBeforeEach: true })

const create = (body: unknown, options: CallOptions = {}) => api.call('POST', '/subscriptions', { ...options, body: body as object })

/** Whatever an operation on one subscription may answer. */
type Result = Subscription & { readonly url: string; readonly changes: number; readonly aBool: boolean }

const answer = (response: Response | Promise<Response>, status?: number) => envelopeOf<Result>(response, status)

async function createNamed(name: string, options: CallOptions = {}, more: object = {}) {
  await answer(create({ ...NEW, name, ...more }, options), 201)
}

describe('create', () => {
  test('without a name: one is made up, in the template of Jobs', async () => {
    const envelope = await answer(create(NEW), 201)
    const [, name = ''] = /\/v3\/notifications\/subscriptions\/(.*)$/.exec(envelope.result.url) ?? []
    expect(name).toMatch(/^jobs~jdoe~dev~.{40}~[A-Za-z0-9]{4}$/)
    expect(envelope.result.url).toBe(`${api.address}/v3/notifications/subscriptions/${name}`)
    expect(envelope.message).toBe(`NTFAPI_SUBSCR_CREATED Subscription created. ${CALLER} Owner: jdoe Subscription: ${name}`)
  })

  test('the subscription is stored with its defaults', async () => {
    await createNamed('s1', {}, { name: 's1', owner: '${APIuserid}', deliveryTargets: [{ ...WEBHOOK, domain: 'a' }, { ...WEBHOOK, domain: null }, { deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }] })
    const { result, message } = await answer(api.call('GET', '/subscriptions/byName/s1'))
    expect(message).toBe('TAPIS_FOUND Subscription found: s1')
    expect(Object.keys(result)).toEqual(['tenant', 'name', 'description', 'owner', 'enabled', 'typeFilter', 'subjectFilter', 'deliveryTargets', 'ttlMinutes', 'uuid', 'expiry', 'created', 'updated'])
    expect(result).toMatchObject({
      tenant: 'dev', name: 's1', description: null, owner: 'jdoe', enabled: true, typeFilter: NEW.typeFilter, subjectFilter: NEW.subjectFilter, ttlMinutes: 10_080,
      deliveryTargets: [WEBHOOK, { deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }],
    })
    expect(result.created).toMatch(INSTANT)
    expect(result.expiry).toMatch(/:\d\dZ$/)
    expect(Date.parse(result.expiry ?? '') - Date.parse(result.created.slice(0, 19) + 'Z')).toBe(10_080 * 60_000)
  })

  test('a TTL of 0 or less never expires; the widest is accepted', async () => {
    for (const ttlMinutes of [0, -2_147_483_648, 2_147_483_647]) await createNamed(`t${ttlMinutes}`, {}, { ttlMinutes })
    expect((await answer(api.call('GET', '/subscriptions/byName/t0'))).result.expiry).toBeNull()
    expect((await answer(api.call('GET', '/subscriptions/byName/t2147483647'))).result.expiry).toMatch(INSTANT)
  })

  test('a subject that cannot be part of a name is cleaned', async () => {
    const envelope = await answer(create({ ...NEW, subjectFilter: '/tmp/some file', owner: 'a b' }), 201)
    expect(envelope.result.url).toMatch(/\/jobs~a_b~dev~_tmp_some_file~[A-Za-z0-9]{4}$/)
  })

  test('a configured public address is handed out', async () => {
    const other = await startApiForTest({ publicUrl: 'https://dev.example.org' })
    const envelope = await answer(other.call('POST', '/subscriptions', { body: { ...NEW, name: 'x' } }), 201)
    expect(envelope.result.url).toBe('https://dev.example.org/v3/notifications/subscriptions/x')
  })

  test('every fault is named at once', async () => {
    const { message } = await answer(create({
      name: '-x', description: 'a\u0000', owner: '\ud800', typeFilter: '*.x.y', subjectFilter: '  ', ttlMinutes: 2 ** 31, enabled: null, extra: 1,
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'ftp://x' }, { deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' }, { deliveryMethod: 'SMS', deliveryAddress: 'a' }, WEBHOOK, WEBHOOK],
    }), 400)
    expect(message.split('\n').slice(1)).toEqual([
      expect.stringContaining('/extra is not a member'),
      expect.stringContaining('/name must begin with a letter or digit and go on with letters, digits and . _ ~ @ -'),
      expect.stringContaining('/enabled must be boolean'),
      expect.stringContaining('/typeFilter must be service.category.detail'),
      expect.stringContaining('/subjectFilter must not be blank'),
      expect.stringContaining('/deliveryTargets/2/deliveryMethod must be one of WEBHOOK, EMAIL'),
      expect.stringContaining('/deliveryTargets/2/deliveryAddress must not have fewer than 3 characters'),
      expect.stringContaining('/ttlMinutes must be <= 2147483647'),
      expect.stringContaining('/deliveryTargets must not have the same item twice'),
      expect.stringContaining('/description has a NUL character'),
      expect.stringContaining('/owner has half a surrogate pair'),
      expect.stringContaining('/deliveryTargets/0/deliveryAddress is not an absolute http or https URL'),
      expect.stringContaining('/deliveryTargets/1/deliveryAddress is not an e-mail address: nobody'),
    ])
    expect(message).toMatch(/^TAPIS_JSON_VALIDATION_ERROR /)
  })

  test('so many unknown members that nothing else is said are refused too', async () => {
    const { message } = await answer(create({ ...NEW, ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1])) }), 400)
    expect(message).toContain('/k99 is not a member')
  })

  test('violations of rules alone have their own code', async () => {
    const { message } = await answer(create({ ...NEW, deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' }] }), 400)
    expect(message).toBe(`NTFAPI_CREATE_INVALID_ERRORLIST The subscription is not valid. ${CALLER}\n  #1 /deliveryTargets/0/deliveryAddress is not an e-mail address: nobody`)
  })

  test('twenty thousand targets, good or alike, are judged in reasonable time', async () => {
    const many = Array.from({ length: 15_000 }, (_, index) => ({ deliveryMethod: 'EMAIL', deliveryAddress: `${index}@b` }))
    const other = await startApiForTest({ maxTargets: 20_000 })
    await answer(other.call('POST', '/subscriptions', { body: { ...NEW, deliveryTargets: many } }), 201)
    await answer(create({ ...NEW, deliveryTargets: many }), 400)
    await answer(create({ ...NEW, deliveryTargets: Array(19_000).fill(many[0]) }), 400)
    await answer(create({ ...NEW, deliveryTargets: Array(200_000).fill(null) }), 400)
  })

  test('a user may not create', async () => {
    expect((await answer(create(NEW, { as: 'user' }), 401)).message).toMatch(/^NTFAPI_SUBSCR_UNAUTH /)
  })

  test('for a user whose name has up to 255 characters; a longer one cannot own anything', async () => {
    const user = Array.from({ length: 256 }, (_, index) => String.fromCharCode(0xa1 + (index * 37) % 94)).join('')
    const longest = { ...NEW, name: 'n'.repeat(188), subjectFilter: '\u{1f600}'.repeat(150) }
    await answer(create(longest, { user: user.slice(1) }), 201)
    expect((await answer(create(longest, { user }), 400)).message).toMatch(/^NTFAPI_BAD_REQUEST .* caller: has a name that cannot be stored/)
    await answer(api.call('GET', '/subscriptions', { as: 'user', user }), 400)
  })

  test('a name is taken per tenant and owner', async () => {
    await createNamed('s1')
    expect((await answer(create({ ...NEW, name: 's1' }), 409)).message).toMatch(/^NTFAPI_SUBSCR_EXISTS .* Owner: jdoe Subscription: s1$/)
    await createNamed('s1', { user: 'other' })
    await createNamed('s1', { tenant: 'other' })
  })

  test('of a hundred creates at the same moment one wins', async () => {
    const responses = await Promise.all(Array.from({ length: 100 }, () => create({ ...NEW, name: 'race' })))
    const statuses = responses.map((response) => response.status).sort()
    expect(statuses).toEqual([201, ...Array<number>(99).fill(409)])
  })

  test('an expired subscription is gone and frees its name', async () => {
    await createNamed('s1')
    await api.db.query(sql`update subscription set expiry = now() - interval '1 minute'`)
    await answer(api.call('GET', '/subscriptions/byName/s1'), 404)
    await createNamed('s1')
    const rows = await api.db.query(sql`select end_reason from subscription where ended is not null`)
    expect(rows).toEqual([{ end_reason: 'expired' }])
  })

  test('no body whatever makes it a fault of ours', async () => {
    const member = fc.constantFrom('name', 'description', 'owner', 'enabled', 'typeFilter', 'subjectFilter', 'ttlMinutes', 'deliveryTargets', '__proto__')
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\u0000', '\udfff', '*', 'a.b.c'))
    const target = fc.record({ deliveryMethod: fc.constantFrom('WEBHOOK', 'EMAIL'), deliveryAddress: fc.oneof(fc.webUrl(), fc.emailAddress(), text), domain: fc.option(text) })
    const good = fc.record({ description: fc.option(text), subjectFilter: text, deliveryTargets: fc.array(target) })
    const body = fc.oneof(fc.jsonValue(), good.map((members) => ({ ...NEW, ...members })), fc.dictionary(member, fc.oneof(fc.jsonValue(), text)).map((members) => ({ ...NEW, ...members })))
    await fc.assert(fc.asyncProperty(body, async (json) => {
      const response = await create(json === null ? 'null' : JSON.stringify(json), { headers: { 'content-type': 'application/json' } })
      expect([201, 400, 409], await response.text()).toContain(response.status)
    }), { numRuns: 200 })
  })
})

describe('read', () => {
  test('select keeps what it names, and the name', async () => {
    await createNamed('s1')
    const chosen = async (select: string) => Object.keys((await answer(api.call('GET', `/subscriptions/byName/s1?select=${select}`))).result)
    expect(await chosen('enabled,deliveryTargets,nonsense')).toEqual(['name', 'enabled', 'deliveryTargets'])
    expect(await chosen('expiry,summaryAttributes')).toEqual(['owner', 'name', 'typeFilter', 'subjectFilter', 'expiry'])
    expect(await chosen('')).toHaveLength(13)
  })

  test('a subscription may be called as a part of an address', async () => {
    const names = ['search', 'byName', 'byUuid', 'bySubject', 'isEnabled', 'enable']
    for (const name of names) {
      await createNamed(name)
      await answer(api.call('POST', `/subscriptions/${name}/disable`))
      await answer(api.call('POST', `/subscriptions/${name}/updateTTL/7`))
    }
    for (const name of names) {
      expect((await answer(api.call('GET', `/subscriptions/byName/${name}?select=enabled,ttlMinutes`))).result).toEqual({ name, enabled: false, ttlMinutes: 7 })
      // For these two the address is one of byName and byUuid.
      if (!['byName', 'byUuid'].includes(name)) expect((await answer(api.call('GET', `/subscriptions/${name}/isEnabled`))).result).toEqual({ aBool: false })
    }
    expect((await answer(api.call('GET', '/subscriptions/byName/isEnabled'))).result.name).toBe('isEnabled')
  })

  test('by uuid, in any letter case; a malformed uuid is 400', async () => {
    await createNamed('s1')
    const { uuid } = (await answer(api.call('GET', '/subscriptions/byName/s1'))).result
    expect((await answer(api.call('GET', `/subscriptions/byUuid/${uuid.toUpperCase()}`))).result.name).toBe('s1')
    expect((await answer(api.call('GET', '/subscriptions/byUuid/1-1-1-1-1'), 400)).message).toMatch(/^NTFAPI_GET_BY_UUID_ERROR /)
    expect((await answer(api.call('GET', '/subscriptions/byUuid/00000000-0000-4000-8000-000000000000'), 404)).message).toMatch(/^NTFAPI_NOT_FOUND_BY_UUID /)
  })

  test('a user sees his own only, and is not told of others', async () => {
    await createNamed('s1')
    const { uuid } = (await answer(api.call('GET', '/subscriptions/byName/s1', { as: 'user' }))).result
    expect((await answer(api.call('GET', '/subscriptions/byName/s1?ownedBy=jdoe', { as: 'user', user: 'eve' }), 401)).message).toMatch(/^NTFLIB_SUBSCR_UNAUTH /)
    await answer(api.call('GET', '/subscriptions/byName/none?ownedBy=jdoe', { as: 'user', user: 'eve' }), 401)
    await answer(api.call('GET', `/subscriptions/byUuid/${uuid}`, { as: 'user', user: 'eve' }), 404)
    expect((await answer(api.call('DELETE', `/subscriptions/byUuid/${uuid}`, { as: 'user', user: 'eve' }))).result).toEqual({ changes: 0 })
    await answer(api.call('GET', `/subscriptions/byUuid/${uuid}`, { tenant: 'other' }), 404)
    expect((await answer(api.call('GET', '/subscriptions/byName/s1?ownedBy=jdoe', { user: 'someone' }))).result.owner).toBe('jdoe')
  })

  test('lists show the summary of own subscriptions in order of creation', async () => {
    for (const name of ['b', 'a', 'c']) await createNamed(name)
    await createNamed('x', { user: 'other' })
    const { result, message, metadata } = await envelopeOf<Subscription[]>(api.call('GET', '/subscriptions', { as: 'user' }))
    expect(result.map(({ name }) => name)).toEqual(['b', 'a', 'c'])
    expect(Object.keys(result[0] ?? {})).toEqual(['owner', 'name', 'typeFilter', 'subjectFilter'])
    expect(message).toBe('TAPIS_FOUND Notifications found: 3 subscriptions')
    expect(metadata).toEqual({ recordCount: 3, recordLimit: 100, recordsSkipped: 0, orderBy: null, startAfter: null, totalCount: -1 })
  })

  test('limit, skip, computeTotal, ownedBy, anyOwner', async () => {
    for (const name of ['b', 'a', 'c']) await createNamed(name)
    await createNamed('x', { user: 'other' })
    const listed = async (query: string) => {
      const { result, metadata } = await envelopeOf<Subscription[]>(api.call('GET', `/subscriptions?${query}`))
      return [result.map(({ name }) => name).join(''), metadata?.recordLimit, metadata?.recordsSkipped, metadata?.totalCount]
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
    expect((await answer(api.call('GET', `/subscriptions?${query}`, { as }), status)).message).toMatch(new RegExp(`^${code} `))
  })
})

describe('change', () => {
  test('enable and disable answer 1 change each time; isEnabled tells', async () => {
    await createNamed('s1')
    for (const [verb, aBool] of [['disable', false], ['disable', false], ['enable', true]] as const) {
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
    const changes = async (path: string, options: CallOptions = {}) => (await answer(api.call('DELETE', `/subscriptions/${path}`, options))).result.changes
    expect([await changes('byName/s1'), await changes('byName/s1')]).toEqual([1, 0])
    expect([await changes(`byUuid/${uuid}`), await changes(`byUuid/${uuid}`)]).toEqual([1, 0])
    expect([await changes(`bySubject/${NEW.subjectFilter}`), await changes(`bySubject/${NEW.subjectFilter}`)]).toEqual([2, 0])
    expect(await changes(`bySubject/${NEW.subjectFilter}?anyOwner=true`)).toBe(1)
    expect(await changes('bySubject/*', { as: 'user' })).toBe(1)
    expect(await api.db.query(sql`select distinct end_reason from subscription`)).toEqual([{ end_reason: 'deleted' }])
    await createNamed('s1')
  })

  test('deletes by subject with a slash; refused for users with anyOwner, and for a blank subject', async () => {
    await createNamed('s1', {}, { subjectFilter: '/tmp/a b%' })
    expect((await answer(api.call('DELETE', `/subscriptions/bySubject/${encodeURIComponent('/tmp/a b%')}`))).result.changes).toBe(1)
    expect((await answer(api.call('DELETE', '/subscriptions/bySubject/x?anyOwner=true', { as: 'user' }), 401)).message).toMatch(/^NTFLIB_UNAUTH1 /)
    expect((await answer(api.call('DELETE', '/subscriptions/bySubject/%20'), 400)).message).toMatch(/^NTFAPI_SUBSCR_DEL_BY_SUBJ_ERROR /)
    await answer(api.call('DELETE', '/subscriptions/byUuid/nonsense'), 400)
  })
})
