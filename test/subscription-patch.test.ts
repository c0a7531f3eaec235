import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { createApiForFile, envelopeOf, startApiForTest, type CallOptions } from './support/test-api.ts'
import { eventually } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import {
  endSubscriptions,
  expireSubscriptions,
  prolongSubscriptions,
  storedSubscriptions,
  storedTargets,
} from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'

const webhook = (path: string) => ({ deliveryMethod: 'WEBHOOK', deliveryAddress: `https://portal.example.org/${path}` })
const NEW = {
  name: 's1',
  typeFilter: 'jobs.JOB_NEW_STATUS.*',
  subjectFilter: 'job-1',
  description: 'of old',
  deliveryTargets: [webhook('a'), webhook('b')],
}
const CALLER = 'jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe'

const api = createApiForFile({ isEmptiedBeforeEach: true })

const create = (body: object = {}, options: CallOptions = {}) =>
  envelopeOf(api.call('POST', '/subscriptions', { ...options, body: { ...NEW, ...body } }), 201)
const patch = (body: unknown, { path = 's1', ...options }: CallOptions & { path?: string } = {}) =>
  api.call('PATCH', `/subscriptions/byName/${path}`, { ...options, body: body as object })
const patched = (body: unknown, options?: CallOptions & { path?: string }) =>
  envelopeOf<{ url: string }>(patch(body, options))
const refusal = async (body: unknown, status: number, options?: CallOptions) =>
  (await envelopeOf(patch(body, options), status)).message
const read = async () => (await envelopeOf<Subscription>(api.call('GET', '/subscriptions/byName/s1'))).result
const targetRows = async () =>
  (await storedTargets(api.db)).map(({ id, address, ordinal, ended }) => ({
    id,
    address,
    ordinal,
    isEnded: ended !== null,
  }))

describe('what changes', () => {
  test.each([
    ['description', 'of new'],
    ['typeFilter', 'jobs.*.FINISHED'],
    ['subjectFilter', '*'],
    ['deliveryTargets', [webhook('c')]],
  ])('%s alone: everything else but `updated` stays', async (member, value) => {
    await create()
    const before = await read()
    await patched({ [member]: value })
    const after = await read()
    expect(after).toEqual({ ...before, [member]: value, updated: after.updated })
    expect(after.updated > before.updated).toBe(true)
  })

  test('the sections of a type filter follow it: they are what events are matched by', async () => {
    await create()
    await patched({ typeFilter: 'files.delete.*' })
    expect(await storedSubscriptions(api.db)).toMatchObject([{ typeSections: ['files', 'delete', '*'] }])
  })

  test('an empty object moves `updated`, and nothing else', async () => {
    await create()
    const before = await read()
    const { message } = await patched({})
    expect(message).toBe(`NTFAPI_SUBSCR_UPDATED Subscription updated. ${CALLER} Owner: jdoe Subscription: s1`)
    const after = await read()
    expect(after).toEqual({ ...before, updated: after.updated })
    expect(after.updated > before.updated).toBe(true)
  })

  test('targets keep their order; kept ones stay rows, omitted ones end, and those that come back revive', async () => {
    await create()
    const [a, b] = await targetRows()
    await patched({
      deliveryTargets: [{ ...webhook('c'), domain: 'x' }, webhook('b'), { ...webhook('c'), domain: null }],
    })
    expect((await read()).deliveryTargets).toEqual([webhook('c'), webhook('b')])
    expect((await targetRows()).slice(0, 2)).toEqual([
      { ...a, isEnded: true },
      { ...b, ordinal: 1, isEnded: false },
    ])
    await patched({ deliveryTargets: [webhook('b'), webhook('a')] })
    expect((await read()).deliveryTargets).toEqual([webhook('b'), webhook('a')])
    expect(await targetRows()).toMatchObject([
      { ...a, ordinal: 1, isEnded: false },
      { ...b, ordinal: 0, isEnded: false },
      { isEnded: true },
    ])
  })

  test('another method with the same address is another target', async () => {
    await create({ deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'https://x@y' }] })
    await patched({ deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://x@y' }] })
    expect(await targetRows()).toMatchObject([{ isEnded: true }, { isEnded: false }])
  })

  test('the subscription of the owner that was named, and no other of its name', async () => {
    await create({}, { user: 'other' })
    await create()
    await patched({ description: 'theirs' }, { path: 's1?ownedBy=other' })
    expect((await read()).description).toBe('of old')
    await patched({ description: 'own' }, { as: 'user' })
    expect(await storedSubscriptions(api.db)).toMatchObject([
      { owner: 'jdoe', description: 'own' },
      { owner: 'other', description: 'theirs' },
    ])
  })
})

describe('the address in the response', () => {
  test('is the one that was called, without its query', async () => {
    await create({ name: 'a.b~c' })
    const { result } = await patched({}, { path: 'a.b%7Ec?ownedBy=jdoe' })
    expect(result).toEqual({ url: `${api.address}/v3/notifications/subscriptions/byName/a.b~c` })
  })

  test('has the configured public base', async () => {
    const other = await startApiForTest({ publicUrl: 'https://dev.example.org' })
    await envelopeOf(other.call('POST', '/subscriptions', { body: NEW }), 201)
    const { result } = await envelopeOf(other.call('PATCH', '/subscriptions/byName/s1', { body: {} }))
    expect(result).toEqual({ url: 'https://dev.example.org/v3/notifications/subscriptions/byName/s1' })
  })
})

describe('what is rejected', () => {
  test('every violation is named at once, and nothing is changed', async () => {
    await create()
    const before = await read()
    const message = await refusal(
      {
        name: 'x',
        owner: 'x',
        enabled: false,
        ttlMinutes: 1,
        extra: 1,
        description: null,
        typeFilter: 'a.b',
        subjectFilter: ' ',
        deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'ftp://x' }, webhook('a'), webhook('a')],
      },
      400,
    )
    expect(message).toMatch(/^TAPIS_JSON_VALIDATION_ERROR /)
    for (const violation of [
      '/name is not a member of this request',
      '/owner is not a member',
      '/enabled is not a member',
      '/ttlMinutes is not a member',
      '/extra is not a member',
      '/description must be string',
      '/typeFilter must be service.category.detail',
      '/subjectFilter must not be blank',
      '/deliveryTargets must not have the same item twice',
      'NTFAPI_SUBSCR_UPDATE_ERROR /deliveryTargets/0/deliveryAddress is not an absolute http or https URL',
    ])
      expect(message).toContain(violation)
    expect(await read()).toEqual(before)
  })

  test('violations of rules alone have their own code', async () => {
    await create()
    expect(
      await refusal(
        { description: 'a\u0000', deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' }] },
        400,
      ),
    ).toBe(
      `NTFAPI_SUBSCR_UPDATE_ERROR The change to the subscription is not valid. ${CALLER}\n  #1 /description has a NUL character\n  #2 /deliveryTargets/0/deliveryAddress is not an e-mail address: nobody`,
    )
  })

  test.each([
    [
      'a description that is too long',
      { description: 'x'.repeat(2049) },
      '/description must not have more than 2048 characters',
    ],
    ['a null type filter', { typeFilter: null }, '/typeFilter must be string'],
    ['a null subject filter', { subjectFilter: null }, '/subjectFilter must be string'],
    ['null targets', { deliveryTargets: null }, '/deliveryTargets must be array'],
    ['no targets', { deliveryTargets: [] }, '/deliveryTargets must not have fewer than 1 items'],
    ['an array', '[]', 'the body must be a JSON object'],
    ['no JSON', '{', 'the body is not JSON'],
    ['no body', undefined, 'the body is missing'],
  ])('%s', async (_, body, violation) => {
    await create()
    expect(await refusal(body, 400, { headers: { 'content-type': 'application/json' } })).toContain(violation)
  })

  test('one that is absent, expired or deleted is 404', async () => {
    expect(await refusal({}, 404)).toMatch(/^NTFAPI_NOT_FOUND .* Owner: jdoe Subscription: s1$/)
    await create()
    await expireSubscriptions(api.db)
    await refusal({ description: 'late' }, 404)
    await prolongSubscriptions(api.db)
    await envelopeOf(api.call('DELETE', '/subscriptions/byName/s1'))
    await refusal({ description: 'late' }, 404)
    expect(await storedSubscriptions(api.db)).toMatchObject([{ description: 'of old' }])
  })

  test('another media type is 415, and another method of the path is 405 that names PATCH', async () => {
    await create()
    await envelopeOf(patch('{}', { headers: { 'content-type': 'application/merge-patch+json' } }), 415)
    const response = await api.call('PUT', '/subscriptions/byName/s1')
    expect(response.headers.get('allow')).toBe('GET, HEAD, DELETE, PATCH, OPTIONS')
    await envelopeOf(response, 405)
  })

  test('no body whatsoever causes a 500', async () => {
    await create()
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\u0000', '\udfff', '*', 'a.b.c'))
    const target = fc.record({
      deliveryMethod: fc.constantFrom('WEBHOOK', 'EMAIL'),
      deliveryAddress: fc.oneof(fc.webUrl(), fc.emailAddress(), text),
    })
    const member = fc.constantFrom('description', 'typeFilter', 'subjectFilter', 'deliveryTargets', 'name', '__proto__')
    const good = fc.record(
      { description: text, typeFilter: text, subjectFilter: text, deliveryTargets: fc.array(target) },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(good, fc.jsonValue(), fc.dictionary(member, fc.oneof(fc.jsonValue(), text))),
        async (json) => {
          const response = await patch(JSON.stringify(json), { headers: { 'content-type': 'application/json' } })
          expect([200, 400], await response.text()).toContain(response.status)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('concurrent changes', () => {
  test('are applied one after the other, each as a whole', async () => {
    await create()
    const kinds = [
      { typeFilter: 'jobs.A.*', subjectFilter: 'a', deliveryTargets: [webhook('a'), webhook('b'), webhook('c')] },
      { typeFilter: 'jobs.B.*', subjectFilter: 'b', deliveryTargets: [webhook('c'), webhook('a')] },
    ]
    const seen = new Set<string>()
    let isOver = false
    const watch = async () => {
      while (!isOver) {
        const { typeFilter, subjectFilter, deliveryTargets } = await read()
        seen.add(JSON.stringify({ typeFilter, subjectFilter, deliveryTargets }))
      }
    }
    const watching = watch()
    const responses = await Promise.all(Array.from({ length: 60 }, (_, index) => patch(kinds[index % 2])))
    isOver = true
    await watching
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    const whole = [
      { typeFilter: NEW.typeFilter, subjectFilter: NEW.subjectFilter, deliveryTargets: NEW.deliveryTargets },
      ...kinds,
    ].map((kind) => JSON.stringify(kind))
    expect(whole).toEqual(expect.arrayContaining([...seen]))
    expect(await targetRows()).toHaveLength(3)
  })

  test('find the subscription gone after waiting for its DELETE', async () => {
    await create()
    const [isDeleted, mayCommit] = [createGate(), createGate()]
    const deletion = api.db.transaction(async (tx) => {
      await endSubscriptions(tx, { reason: 'deleted' })
      isDeleted.open()
      await mayCommit.opened
    })
    await isDeleted.opened
    const late = patch({ description: 'late', deliveryTargets: [webhook('c')] })
    await eventually(() => sessionsWaitingForLock(api.db)).toHaveLength(1)
    mayCommit.open()
    await deletion
    await envelopeOf(late, 404)
    expect(await targetRows()).toHaveLength(2)
  })

  test('whatever changes and deletes meet, none waits forever and none fails', async () => {
    for (let round = 0; round < 5; round += 1) {
      await create()
      const statuses = await Promise.all(
        [
          ...Array.from({ length: 8 }, (_, index) =>
            patch({ deliveryTargets: [webhook(String(index % 3)), webhook('a')] }),
          ),
          ...['byName/s1', 'bySubject/job-1'].map((path) => api.call('DELETE', `/subscriptions/${path}`)),
          api.call('POST', '/subscriptions/s1/updateTTL/5'),
        ].map(async (response) => (await response).status),
      )
      expect([200, 404]).toEqual(expect.arrayContaining([...new Set(statuses)]))
      await envelopeOf(api.call('GET', '/subscriptions/byName/s1'), 404)
    }
  })
})
