import { expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'
import { addTargets } from './support/stored-state.ts'

const targets = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({
    deliveryMethod: 'WEBHOOK',
    deliveryAddress: `https://portal.example.org/${index}`,
    ...more,
  }))
const NEW = { name: 's1', typeFilter: 'jobs.*.*', subjectFilter: 'job-1' }

const api = createApiForFile({ isEmptiedBeforeEach: true })

const create = (deliveryTargets: object[], status = 201) =>
  envelopeOf(api.call('POST', '/subscriptions', { body: { ...NEW, deliveryTargets } }), status)
const patch = (body: object, status = 200) =>
  envelopeOf(api.call('PATCH', '/subscriptions/byName/s1', { body }), status)
const countOf = async () =>
  (await envelopeOf<Subscription>(api.call('GET', '/subscriptions/byName/s1'))).result.deliveryTargets.length

test('a subscription is created with 100 targets, and not with one more', async () => {
  expect((await create(targets(101), 400)).message).toMatch(
    /^NTFAPI_CREATE_INVALID_ERRORLIST .*\n {2}#1 \/deliveryTargets has 101 different targets, at most 100 are allowed \(TIDINGS_MAX_TARGETS\)$/,
  )
  await create(targets(100))
  expect(await countOf()).toBe(100)
})

test('a change has the same limit', async () => {
  await create(targets(1))
  expect((await patch({ deliveryTargets: targets(101) }, 400)).message).toMatch(
    /^NTFAPI_SUBSCR_UPDATE_ERROR .*\n {2}#1 \/deliveryTargets has 101 different targets, at most 100 are allowed/,
  )
  expect(await countOf()).toBe(1)
  await patch({ deliveryTargets: targets(100) })
  expect(await countOf()).toBe(100)
})

test('targets that differ only in their domain are one; another method makes another', async () => {
  await create([...targets(100), ...targets(100, { domain: 'x' }), ...targets(50, { domain: 'y' })])
  expect(await countOf()).toBe(100)
  await patch(
    {
      deliveryTargets: [
        ...targets(100),
        { deliveryMethod: 'EMAIL', deliveryAddress: 'https://x@portal.example.org/0' },
      ],
    },
    400,
  )
})

test('it is named beside every other violation', async () => {
  const { message } = await create([...targets(100), { deliveryMethod: 'EMAIL', deliveryAddress: 'nobody' }], 400)
  expect(message).toContain('/deliveryTargets/100/deliveryAddress is not an e-mail address')
  expect(message).toContain('/deliveryTargets has 101 different targets')
})

test('one that has more stays active, and accepts every other change, and fewer targets', async () => {
  await create(targets(1))
  await addTargets(api.db, 500)
  await patch({ description: 'of new', subjectFilter: '*' })
  await patch({})
  for (const path of ['disable', 'enable', 'updateTTL/5'])
    await envelopeOf(api.call('POST', `/subscriptions/s1/${path}`))
  expect(await countOf()).toBe(501)
  await patch({ deliveryTargets: targets(101) }, 400)
  await patch({ deliveryTargets: targets(100) })
  expect(await countOf()).toBe(100)
})

test('the limit is a setting', async () => {
  const small = await startApiForTest({ maxTargets: 1 })
  const { message } = await envelopeOf(
    small.call('POST', '/subscriptions', { body: { ...NEW, deliveryTargets: targets(2) } }),
    400,
  )
  expect(message).toContain('has 2 different targets, at most 1 are allowed')
  await envelopeOf(small.call('POST', '/subscriptions', { body: { ...NEW, deliveryTargets: targets(1) } }), 201)
})
