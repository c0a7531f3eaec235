import { beforeEach, describe, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { createListedAdmins } from '@tidings/server/api/admins/listed-admins.ts'
import { createApiForFile, envelopeOf, startApiForTest, type ApiForFile, type CallOptions } from './support/test-api.ts'
import { storedSubscriptions } from './support/stored-state.ts'

const webhook = (path: string) => ({ deliveryMethod: 'WEBHOOK', deliveryAddress: `https://portal.example.org/${path}` })
const NEW = {
  name: 's1',
  typeFilter: 'jobs.JOB_NEW_STATUS.*',
  subjectFilter: 'job-1',
  description: 'of old',
  deliveryTargets: [webhook('a')],
}
const CHANGES: readonly [what: string, changes: object, named: string][] = [
  ['another type', { typeFilter: 'systems.*.*' }, 'typeFilter'],
  ['a wider type', { typeFilter: 'jobs.*.*' }, 'typeFilter'],
  ['a narrower type', { typeFilter: 'jobs.JOB_NEW_STATUS.FINISHED' }, 'typeFilter'],
  ['every subject', { subjectFilter: '*' }, 'subjectFilter'],
  ['another target', { deliveryTargets: [webhook('b')] }, 'deliveryTargets'],
  [
    'the same values as now',
    { typeFilter: NEW.typeFilter, subjectFilter: NEW.subjectFilter, deliveryTargets: NEW.deliveryTargets },
    'typeFilter, subjectFilter, deliveryTargets',
  ],
  ['something that is free beside it', { description: 'of new', subjectFilter: '*' }, 'subjectFilter'],
  [
    'values that nobody could give',
    { typeFilter: 7, subjectFilter: null, deliveryTargets: [], unknown: true },
    'typeFilter, subjectFilter, deliveryTargets',
  ],
]
const OWNER: CallOptions = { as: 'user', user: 'jdoe' }
const BOSS: CallOptions = { as: 'user', user: 'boss' }

const admins = createListedAdmins([{ tenant: 'dev', user: 'boss' }])
const api = createApiForFile({ deps: () => ({ admins }), isEmptiedBeforeEach: true })

beforeEach(() => envelopeOf(api.call('POST', '/subscriptions', { body: NEW }), 201))

const patch = (body: object, options: CallOptions, name = 's1', door: Pick<ApiForFile, 'call'> = api) =>
  door.call('PATCH', `/subscriptions/byName/${name}?ownedBy=jdoe`, { ...options, body })
const read = async () => (await envelopeOf<Subscription>(api.call('GET', '/subscriptions/byName/s1'))).result

describe.each([
  ['the owner', OWNER],
  ['an administrator of the tenant', BOSS],
] as const)('%s', (_who, caller) => {
  test.each(CHANGES)(
    'may not set %s: 401, whether there is such a subscription or not, and nothing is changed',
    async (_what, changes, named) => {
      const before = await read()
      const { message } = await envelopeOf(patch(changes, caller), 401)
      expect(message).toMatch(/^NTFLIB_SUBSCR_UNAUTH /)
      expect(message.split(' Only services may change: ')[1]).toBe(named)
      expect((await envelopeOf(patch(changes, caller, 'none'), 401)).message).toBe(message)
      expect(await read()).toEqual(before)
    },
  )

  test('may describe, disable, enable, and delete it, and move its end', async () => {
    await envelopeOf(patch({ description: 'of new' }, caller))
    await envelopeOf(patch({}, caller))
    for (const path of ['s1/disable', 's1/updateTTL/5', 's1/updateTTL/0', 's1/enable'])
      await envelopeOf(api.call('POST', `/subscriptions/${path}?ownedBy=jdoe`, caller))
    expect(await read()).toMatchObject({
      description: 'of new',
      enabled: true,
      ttlMinutes: 0,
      expiry: null,
      subjectFilter: 'job-1',
      deliveryTargets: NEW.deliveryTargets,
    })
    await envelopeOf(api.call('DELETE', '/subscriptions/byName/s1?ownedBy=jdoe', caller))
  })

  test.each(['owner', 'name', 'enabled', 'ttlMinutes', 'tenant', 'uuid', 'created'])(
    'may not change %s by a PATCH, nor may a service',
    async (member) => {
      for (const who of [caller, {}])
        expect((await envelopeOf(patch({ [member]: 'x' }, who), 400)).message).toContain(`/${member} is not a member`)
    },
  )

  test('may not widen the subscription of a test sequence either', async () => {
    const { name } = (await envelopeOf<Subscription>(api.call('POST', '/test/begin'), 201)).result
    await envelopeOf(
      patch({ subjectFilter: '*', typeFilter: 'jobs.*.*', deliveryTargets: [webhook('b')] }, caller, name),
      401,
    )
    expect(await storedSubscriptions(api.db, { name })).toMatchObject([{ subjectFilter: name }])
  })

  test('may change them all where TIDINGS_USERS_CHANGE_FILTERS says so', async () => {
    const open = await startApiForTest({ admins, usersChangeFilters: true })
    await envelopeOf(open.call('POST', '/subscriptions', { body: NEW }), 201)
    await envelopeOf(
      patch({ typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: [webhook('b')] }, caller, 's1', open),
    )
    expect((await envelopeOf<Subscription>(open.call('GET', '/subscriptions/byName/s1'))).result).toMatchObject({
      typeFilter: 'jobs.*.*',
      subjectFilter: '*',
      deliveryTargets: [webhook('b')],
    })
    await envelopeOf(patch({ typeFilter: 7 }, caller, 's1', open), 400)
  })
})

test('another user is rejected, and learns nothing of the members', async () => {
  const eve: CallOptions = { as: 'user', user: 'eve' }
  const messages = await Promise.all(
    [{ subjectFilter: '*' }, {}].map(async (body) => (await envelopeOf(patch(body, eve), 401)).message),
  )
  expect(new Set(messages).size).toBe(1)
})

test('a body that is not an object is wrong for everybody', async () => {
  await envelopeOf(patch([{ subjectFilter: '*' }], OWNER), 400)
})

test('a service may change them, whichever user it acts for', async () => {
  await envelopeOf(
    patch({ typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: [webhook('b')] }, { user: 'somebody' }),
  )
  expect(await read()).toMatchObject({ typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: [webhook('b')] })
})
