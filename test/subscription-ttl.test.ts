import { beforeEach, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { createApiForFile, envelopeOf, type CallOptions } from './support/test-api.ts'
import { ageSubscriptions, expireSubscriptions, storedSubscriptions } from './support/stored-state.ts'

const NEW = {
  name: 's1',
  typeFilter: 'jobs.*.*',
  subjectFilter: '*',
  ttlMinutes: 60,
  deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/' }],
}

const api = createApiForFile({ isEmptiedBeforeEach: true })
beforeEach(async () => {
  await envelopeOf(api.call('POST', '/subscriptions', { body: NEW }), 201)
})

const setTtl = (ttl: string, options: CallOptions = {}, name = 's1') =>
  api.call('POST', `/subscriptions/${name}/updateTTL/${ttl}`, options)
const read = async () => (await envelopeOf<Subscription>(api.call('GET', '/subscriptions/byName/s1'))).result

test('the time to live counts from now, in whole seconds, and `updated` moves', async () => {
  await ageSubscriptions(api.db, 50)
  const before = await read()
  const { result, message } = await envelopeOf(setTtl('90', { as: 'user' }))
  expect(result).toEqual({ changes: 1 })
  expect(message).toBe(
    'NTFAPI_SUBSCR_UPDATED Time to live updated. jwtTenant: dev jwtUser: jdoe OboTenant: dev OboUser: jdoe Owner: jdoe Subscription: s1 Changes: 1',
  )
  const after = await read()
  expect(after).toEqual({ ...before, ttlMinutes: 90, expiry: after.expiry, updated: after.updated })
  expect(after.updated > before.updated).toBe(true)
  expect(after.expiry).toMatch(/:\d\dZ$/)
  expect(Date.parse(after.expiry ?? '')).toBe(Math.floor(Date.parse(after.updated) / 1000) * 1000 + 90 * 60_000)
})

test('the same value again is a change, counted from now', async () => {
  for (let time = 0; time < 2; time += 1) expect((await envelopeOf(setTtl('60'))).result).toEqual({ changes: 1 })
})

test.each([
  ['0', 0],
  ['-5', -5],
  ['-2147483648', -2_147_483_648],
])('%s never expires, and is stored as given', async (text, ttlMinutes) => {
  await envelopeOf(setTtl(text))
  expect(await read()).toMatchObject({ ttlMinutes, expiry: null })
  await envelopeOf(setTtl('+7'))
  expect(await read()).toMatchObject({ ttlMinutes: 7, expiry: expect.any(String) as string })
})

test('the widest value is taken: it ends in four thousand years', async () => {
  await envelopeOf(setTtl('2147483647'))
  const { ttlMinutes, expiry } = await read()
  expect(ttlMinutes).toBe(2_147_483_647)
  expect(Number(expiry?.slice(0, 4))).toBeGreaterThan(6000)
})

test.each(['2147483648', '-2147483649', '1e3', '1.0', '0x10', 'soon', '%20', '%00', '9'.repeat(4000), '٣', 'NaN'])(
  '%s is not a number of minutes: 400, and nothing is changed',
  async (text) => {
    const before = await read()
    const { message } = await envelopeOf(setTtl(text), 400)
    if (text !== '%00') expect(message).toMatch(/^NTFLIB_SUBSCR_TTL_NOTINT /)
    expect(await read()).toEqual(before)
  },
)

test('an absent or expired subscription is 404, whatever the value', async () => {
  for (const ttl of ['5', 'soon'])
    expect((await envelopeOf(setTtl(ttl, {}, 'none'), 404)).message).toMatch(/^NTFAPI_NOT_FOUND /)
  await expireSubscriptions(api.db)
  for (const ttl of ['5', 'soon']) await envelopeOf(setTtl(ttl), 404)
  expect(await storedSubscriptions(api.db)).toMatchObject([{ ttlMinutes: 60 }])
})

test('an empty body of type JSON, as Java clients send it, is no body', async () => {
  await envelopeOf(setTtl('5', { headers: { 'content-type': 'application/json' } }))
})

test('enabling does not extend the time to live', async () => {
  const { expiry } = await read()
  await envelopeOf(api.call('POST', '/subscriptions/s1/enable'))
  expect((await read()).expiry).toBe(expiry)
})
