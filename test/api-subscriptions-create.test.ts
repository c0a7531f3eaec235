import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALL_MEMBERS, answer, createSubscriptionCalls, NEW, WEBHOOK } from './support/subscription-calls.ts'
import { createApiForFile, startApiForTest } from './support/test-api.ts'
import { endReasons, expireSubscriptions } from './support/stored-state.ts'

const CALLER = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z$/

const api = createApiForFile({ isEmptiedBeforeEach: true })
const { create, createNamed } = createSubscriptionCalls(api)

describe('create', () => {
  test('without a name: one is generated, in the template of Jobs', async () => {
    const envelope = await answer(create(NEW), 201)
    const [, name = ''] = /\/v3\/notifications\/subscriptions\/(.*)$/.exec(envelope.result.url) ?? []
    expect(name).toMatch(/^jobs~jdoe~dev~.{40}~[A-Za-z0-9]{4}$/)
    expect(envelope.result.url).toBe(`${api.address}/v3/notifications/subscriptions/${name}`)
    expect(envelope.message).toBe(
      `NTFAPI_SUBSCR_CREATED Subscription created. ${CALLER} Owner: jdoe Subscription: ${name}`,
    )
  })

  test('the subscription is stored with its defaults', async () => {
    await createNamed(
      's1',
      {},
      {
        name: 's1',
        owner: '${APIuserid}',
        deliveryTargets: [
          { ...WEBHOOK, domain: 'a' },
          { ...WEBHOOK, domain: null },
          { deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' },
        ],
      },
    )
    const { result, message } = await answer(api.call('GET', '/subscriptions/byName/s1'))
    expect(message).toBe('TAPIS_FOUND Subscription found: s1')
    expect(Object.keys(result)).toEqual(ALL_MEMBERS)
    expect(result).toMatchObject({
      tenant: 'dev',
      name: 's1',
      description: null,
      owner: 'jdoe',
      enabled: true,
      typeFilter: NEW.typeFilter,
      subjectFilter: NEW.subjectFilter,
      ttlMinutes: 10_080,
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

  test('a subject that cannot be part of a name is sanitized', async () => {
    const envelope = await answer(create({ ...NEW, subjectFilter: '/tmp/some file', owner: 'a b' }), 201)
    expect(envelope.result.url).toMatch(/\/jobs~a_b~dev~_tmp_some_file~[A-Za-z0-9]{4}$/)
  })

  test('a configured public address is used in the result', async () => {
    const other = await startApiForTest({ publicUrl: 'https://dev.example.org' })
    const envelope = await answer(other.call('POST', '/subscriptions', { body: { ...NEW, name: 'x' } }), 201)
    expect(envelope.result.url).toBe('https://dev.example.org/v3/notifications/subscriptions/x')
  })

  test('every violation is named at once', async () => {
    const { message } = await answer(
      create({
        name: '-x',
        description: 'a\u0000',
        owner: '\ud800',
        typeFilter: '*.x.y',
        subjectFilter: '  ',
        ttlMinutes: 2 ** 31,
        enabled: null,
        extra: 1,
        deliveryTargets: [
          { deliveryMethod: 'WEBHOOK', deliveryAddress: 'ftp://x' },
          { deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' },
          { deliveryMethod: 'SMS', deliveryAddress: 'a' },
          WEBHOOK,
          WEBHOOK,
        ],
      }),
      400,
    )
    expect(message.split('\n').slice(1)).toEqual([
      expect.stringContaining('/extra is not a member'),
      expect.stringContaining('/name must begin with a letter or digit, followed by letters, digits and . _ ~ @ -'),
      expect.stringContaining('/enabled must be boolean'),
      expect.stringContaining('/typeFilter must be service.category.detail'),
      expect.stringContaining('/subjectFilter must not be blank'),
      expect.stringContaining('/deliveryTargets/2/deliveryMethod must be one of WEBHOOK, EMAIL'),
      expect.stringContaining('/deliveryTargets/2/deliveryAddress must not have fewer than 3 characters'),
      expect.stringContaining('/ttlMinutes must be <= 2147483647'),
      expect.stringContaining('/deliveryTargets must not have the same item twice'),
      expect.stringContaining('/description has a NUL character'),
      expect.stringContaining('/owner has an unpaired surrogate'),
      expect.stringContaining('/deliveryTargets/0/deliveryAddress is not an absolute http or https URL'),
      expect.stringContaining('/deliveryTargets/1/deliveryAddress is not an e-mail address: nobody'),
    ])
    expect(message).toMatch(/^TAPIS_JSON_VALIDATION_ERROR /)
  })

  test('so many unknown members that nothing else is named are rejected too', async () => {
    const { message } = await answer(
      create({ ...NEW, ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1])) }),
      400,
    )
    expect(message).toContain('/k99 is not a member')
  })

  test('violations of rules alone have their own code', async () => {
    const { message } = await answer(
      create({ ...NEW, deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' }] }),
      400,
    )
    expect(message).toBe(
      `NTFAPI_CREATE_INVALID_ERRORLIST The subscription is not valid. ${CALLER}\n  #1 /deliveryTargets/0/deliveryAddress is not an e-mail address: nobody`,
    )
  })

  test('twenty thousand targets, valid or alike, are checked in reasonable time', async () => {
    const many = Array.from({ length: 15_000 }, (_, index) => ({
      deliveryMethod: 'EMAIL',
      deliveryAddress: `${index}@b`,
    }))
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
    const user = Array.from({ length: 256 }, (_, index) => String.fromCharCode(0xa1 + ((index * 37) % 94))).join('')
    const longest = { ...NEW, name: 'n'.repeat(188), subjectFilter: '\u{1f600}'.repeat(150) }
    await answer(create(longest, { user: user.slice(1) }), 201)
    expect((await answer(create(longest, { user }), 400)).message).toMatch(
      /^NTFAPI_BAD_REQUEST .* caller: has a name that cannot be stored/,
    )
    await answer(api.call('GET', '/subscriptions', { as: 'user', user }), 400)
  })

  test('a name is unique per tenant and owner', async () => {
    await createNamed('s1')
    expect((await answer(create({ ...NEW, name: 's1' }), 409)).message).toMatch(
      /^NTFAPI_SUBSCR_EXISTS .* Owner: jdoe Subscription: s1$/,
    )
    await createNamed('s1', { user: 'other' })
    await createNamed('s1', { tenant: 'other' })
  })

  test('of a hundred simultaneous creates one wins', async () => {
    const responses = await Promise.all(Array.from({ length: 100 }, () => create({ ...NEW, name: 'race' })))
    const statuses = responses.map((response) => response.status).sort()
    expect(statuses).toEqual([201, ...Array<number>(99).fill(409)])
  })

  test('an expired subscription is gone and frees its name', async () => {
    await createNamed('s1')
    await expireSubscriptions(api.db, { agoS: 60 })
    await answer(api.call('GET', '/subscriptions/byName/s1'), 404)
    await createNamed('s1')
    expect((await endReasons(api.db)).toSorted()).toEqual(['expired', null])
  })

  test('no body whatsoever causes a 500', async () => {
    const member = fc.constantFrom(
      'name',
      'description',
      'owner',
      'enabled',
      'typeFilter',
      'subjectFilter',
      'ttlMinutes',
      'deliveryTargets',
      '__proto__',
    )
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\u0000', '\udfff', '*', 'a.b.c'))
    const target = fc.record({
      deliveryMethod: fc.constantFrom('WEBHOOK', 'EMAIL'),
      deliveryAddress: fc.oneof(fc.webUrl(), fc.emailAddress(), text),
      domain: fc.option(text),
    })
    const good = fc.record({ description: fc.option(text), subjectFilter: text, deliveryTargets: fc.array(target) })
    const body = fc.oneof(
      fc.jsonValue(),
      good.map((members) => ({ ...NEW, ...members })),
      fc.dictionary(member, fc.oneof(fc.jsonValue(), text)).map((members) => ({ ...NEW, ...members })),
    )
    await fc.assert(
      fc.asyncProperty(body, async (json) => {
        const response = await create(json === null ? 'null' : JSON.stringify(json), {
          headers: { 'content-type': 'application/json' },
        })
        expect([201, 400, 409], await response.text()).toContain(response.status)
      }),
      { numRuns: 200 },
    )
  })
})
