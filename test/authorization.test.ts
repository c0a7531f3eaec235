import { beforeEach, describe, expect, test } from 'vitest'
import type { Subscription } from '@tidings/contract/subscription.ts'
import { createListedAdmins } from '@tidings/server/api/admins/listed-admins.ts'
import { AppError } from '@tidings/server/api/errors.ts'
import { createApiForFile, envelopeOf, type CallOptions } from './support/test-api.ts'

const NEW = {
  typeFilter: 'jobs.*.*',
  subjectFilter: 'job-1',
  deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/' }],
}
const NO_UUID = '00000000-0000-4000-8000-000000000000'

/** Every user there is: `boss` administers dev, `chief` another tenant. */
const JDOE: CallOptions = { as: 'user', user: 'jdoe' }
const EVE: CallOptions = { as: 'user', user: 'eve' }
const BOSS: CallOptions = { as: 'user', user: 'boss' }
const CHIEF: CallOptions = { as: 'user', user: 'chief', tenant: 'other' }
const SERVICE: CallOptions = { as: 'service', user: 'someone' }

const asked: string[] = []
let isKernelAway = false
const listed = createListedAdmins([
  { tenant: 'dev', user: 'boss' },
  { tenant: 'other', user: 'chief' },
])
const admins = {
  isAdmin(tenant: string, user: string) {
    asked.push(`${user}@${tenant}`)
    return isKernelAway
      ? Promise.reject(new AppError('NTFAPI_ADMIN_CHECK_ERR', { retryAfterS: 1 }))
      : listed.isAdmin(tenant, user)
  },
}

const api = createApiForFile({ deps: () => ({ admins }), isEmptiedBeforeEach: true })
let uuid = ''
beforeEach(async () => {
  isKernelAway = false
  await envelopeOf(api.call('POST', '/subscriptions', { body: { ...NEW, name: 's1' } }), 201)
  uuid = (await envelopeOf<Subscription>(api.call('GET', '/subscriptions/byName/s1'))).result.uuid
  asked.length = 0
})

/** Status, code and result: `200 TAPIS_FOUND`. */
async function verdict(method: string, path: string, options: CallOptions, body?: object): Promise<string> {
  const response = await api.call(method, path, { ...options, ...(body && { body }) })
  const { message, result } = (await response.json()) as { message: string; result: { changes?: number } | null }
  return [response.status, message.split(' ')[0], ...(result?.changes === undefined ? [] : [result.changes])].join(' ')
}

/** Every operation on one subscription that is named, and what a caller hears who may do it. */
const BY_NAME = [
  ['GET', '/subscriptions/byName/NAME', '200 TAPIS_FOUND'],
  ['PATCH', '/subscriptions/byName/NAME', '200 NTFAPI_SUBSCR_UPDATED'],
  ['GET', '/subscriptions/NAME/isEnabled', '200 TAPIS_FOUND'],
  ['POST', '/subscriptions/NAME/enable', '200 NTFAPI_SUBSCR_UPDATED 1'],
  ['POST', '/subscriptions/NAME/disable', '200 NTFAPI_SUBSCR_UPDATED 1'],
  ['POST', '/subscriptions/NAME/updateTTL/5', '200 NTFAPI_SUBSCR_UPDATED 1'],
  ['DELETE', '/subscriptions/byName/NAME', '200 NTFAPI_SUBSCR_DELETED 1'],
] as const

describe.each(BY_NAME)('%s %s', (method, path, success) => {
  const of = (name: string, query = '') => path.replace('NAME', name) + query
  const ask = (options: CallOptions, name = 's1', query = '?ownedBy=jdoe') =>
    verdict(method, of(name, query), options, method === 'PATCH' ? {} : undefined)

  test('the owner may, with or without naming itself, and nobody is asked', async () => {
    expect(await ask(JDOE)).toBe(success)
    await envelopeOf(api.call('POST', '/subscriptions', { body: { ...NEW, name: 's2' } }), 201)
    expect(await ask(JDOE, 's2', '')).toBe(success)
    expect(asked).toEqual([])
  })

  test('a service may, and nobody is asked', async () => {
    expect(await ask(SERVICE)).toBe(success)
    expect(asked).toEqual([])
  })

  test('an administrator of the tenant may; without an owner the request means their own', async () => {
    expect(await ask(BOSS, 's1', '')).toMatch(method === 'DELETE' ? / 0$/ : /^404 NTFAPI_NOT_FOUND/)
    expect(asked).toEqual([])
    expect(await ask(BOSS)).toBe(success)
    expect(asked).toEqual(['boss@dev'])
  })

  test('anybody else may not, and gets the same response whether it exists or not', async () => {
    const [existing, absent] = await Promise.all(
      ['s1', 'none'].map(async (name) =>
        wholeAnswer(
          await api.call(method, of(name, '?ownedBy=jdoe'), { ...EVE, ...(method === 'PATCH' && { body: {} }) }),
        ),
      ),
    )
    expect(existing).toEqual(absent)
    expect(existing?.status).toBe(401)
    expect(existing?.text).toContain('NTFLIB_SUBSCR_UNAUTH')
    // an administrator, of a tenant where there is none of that name
    expect(await ask(CHIEF, 's1')).toMatch(/^(404|200 NTFAPI_SUBSCR_DELETED 0)/)
    expect(await verdict('GET', '/subscriptions/byName/s1', JDOE)).toBe('200 TAPIS_FOUND')
  })

  test('when administrators cannot be determined, it is 503, existing or not; the owner is served', async () => {
    isKernelAway = true
    const [existing, absent] = await Promise.all(
      ['s1', 'none'].map(async (name) =>
        wholeAnswer(
          await api.call(method, of(name, '?ownedBy=jdoe'), { ...BOSS, ...(method === 'PATCH' && { body: {} }) }),
        ),
      ),
    )
    expect(existing).toEqual(absent)
    expect(existing?.status).toBe(503)
    expect(existing?.text).toContain('NTFAPI_ADMIN_CHECK_ERR')
    expect(existing?.headers).toMatchObject({ 'retry-after': '1' })
    expect(await ask(JDOE)).toBe(success)
  })
})

describe('by uuid', () => {
  test('the owner and a service find it, and nobody is asked', async () => {
    for (const caller of [JDOE, SERVICE])
      expect(await verdict('GET', `/subscriptions/byUuid/${uuid}`, caller)).toBe('200 TAPIS_FOUND')
    expect(await verdict('DELETE', `/subscriptions/byUuid/${uuid}`, JDOE)).toBe('200 NTFAPI_SUBSCR_DELETED 1')
    expect(asked).toEqual([])
  })

  test('an administrator finds those of all owners of the tenant, and may delete them', async () => {
    expect(await verdict('GET', `/subscriptions/byUuid/${uuid}`, BOSS)).toBe('200 TAPIS_FOUND')
    expect(await verdict('GET', `/subscriptions/byUuid/${uuid}`, CHIEF)).toBe('404 NTFAPI_NOT_FOUND_BY_UUID')
    expect(await verdict('DELETE', `/subscriptions/byUuid/${uuid}`, CHIEF)).toBe('200 NTFAPI_SUBSCR_DELETED 0')
    expect(await verdict('DELETE', `/subscriptions/byUuid/${uuid}`, BOSS)).toBe('200 NTFAPI_SUBSCR_DELETED 1')
    expect(await verdict('GET', `/subscriptions/byUuid/${uuid}`, SERVICE)).toBe('404 NTFAPI_NOT_FOUND_BY_UUID')
  })

  test.each(['GET', 'DELETE'])(
    '%s by anybody else reveals nothing, and the caller is checked whether it exists or not',
    async (method) => {
      for (const away of [false, true]) {
        isKernelAway = away
        asked.length = 0
        const answers = await Promise.all(
          [uuid, NO_UUID].map(async (one) => {
            const { text, ...answer } = await wholeAnswer(await api.call(method, `/subscriptions/byUuid/${one}`, EVE))
            return { ...answer, text: text.replaceAll(one, 'UUID') }
          }),
        )
        expect(answers[0]).toEqual(answers[1])
        expect(answers[0]?.status).toBe(away ? 503 : method === 'GET' ? 404 : 200)
        expect(asked).toEqual(['eve@dev', 'eve@dev'])
      }
      expect(await verdict('GET', `/subscriptions/byUuid/${uuid}`, JDOE)).toBe('200 TAPIS_FOUND')
    },
  )
})

describe('lists and sets', () => {
  const listedNames = async (query: string, options: CallOptions) =>
    (await envelopeOf<Subscription[]>(api.call('GET', `/subscriptions${query}`, options))).result.map(
      ({ name }) => name,
    )

  test('own ones are listed and deleted without a question', async () => {
    expect(await listedNames('', JDOE)).toEqual(['s1'])
    expect(await listedNames('?ownedBy=jdoe', JDOE)).toEqual(['s1'])
    expect(await listedNames('', BOSS)).toEqual([])
    expect(await verdict('DELETE', '/subscriptions/bySubject/job-1', EVE)).toBe('200 NTFAPI_SUBSCR_DELETED_BY_SUBJ 0')
    expect(await verdict('DELETE', '/subscriptions/bySubject/job-1', JDOE)).toBe('200 NTFAPI_SUBSCR_DELETED_BY_SUBJ 1')
    expect(asked).toEqual([])
  })

  test('those of another owner are for services and administrators of the tenant', async () => {
    expect(await listedNames('?ownedBy=jdoe', SERVICE)).toEqual(['s1'])
    expect(asked).toEqual([])
    expect(await listedNames('?ownedBy=jdoe', BOSS)).toEqual(['s1'])
    expect(await listedNames('?ownedBy=jdoe', CHIEF)).toEqual([])
    expect(await verdict('GET', '/subscriptions?ownedBy=jdoe', EVE)).toBe('401 NTFLIB_UNAUTH2')
    expect(await verdict('DELETE', '/subscriptions/bySubject/job-1?ownedBy=jdoe', EVE)).toBe('401 NTFLIB_UNAUTH2')
    expect(await verdict('DELETE', '/subscriptions/bySubject/job-1?ownedBy=jdoe', BOSS)).toBe(
      '200 NTFAPI_SUBSCR_DELETED_BY_SUBJ 1',
    )
    isKernelAway = true
    expect(await verdict('GET', '/subscriptions?ownedBy=jdoe', BOSS)).toBe('503 NTFAPI_ADMIN_CHECK_ERR')
    expect(await verdict('DELETE', '/subscriptions/bySubject/job-1?ownedBy=jdoe', BOSS)).toBe(
      '503 NTFAPI_ADMIN_CHECK_ERR',
    )
  })

  test('anyOwner is for services, whoever asks', async () => {
    expect(await listedNames('?anyOwner=true', SERVICE)).toEqual(['s1'])
    for (const caller of [JDOE, BOSS]) {
      expect(await verdict('GET', '/subscriptions?anyOwner=true', caller)).toBe('401 NTFLIB_UNAUTH1')
      expect(await verdict('DELETE', '/subscriptions/bySubject/job-1?anyOwner=true', caller)).toBe('401 NTFLIB_UNAUTH1')
    }
    expect(asked).toEqual([])
  })
})

test('an administrator may still not create, publish or end a series: that is for services', async () => {
  expect(await verdict('POST', '/subscriptions', BOSS, NEW)).toBe('401 NTFAPI_SUBSCR_UNAUTH')
  expect(await verdict('POST', '/events/publish', BOSS, {})).toBe('401 NTFLIB_EVENT_UNAUTH')
  expect(asked).toEqual([])
})

test('a change that is not allowed is rejected before its body is read', async () => {
  expect(await verdict('PATCH', '/subscriptions/byName/s1?ownedBy=jdoe', EVE, { name: 1 })).toBe(
    '401 NTFLIB_SUBSCR_UNAUTH',
  )
  expect(await verdict('POST', '/subscriptions/s1/updateTTL/soon?ownedBy=jdoe', EVE)).toBe('401 NTFLIB_SUBSCR_UNAUTH')
})

/** All that a caller can see of a response, except its date. */
async function wholeAnswer(
  response: Response,
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  const { date, ...headers } = Object.fromEntries(response.headers)
  expect(date).toBeDefined()
  return { status: response.status, headers, text: await response.text() }
}
