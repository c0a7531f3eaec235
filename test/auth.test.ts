import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { authenticatorFor, dev, NOW_S, other, requestOf, type Attempt } from './support/auth-attempts.ts'

test('a user acts for itself, a service for the user and tenant of the headers', async () => {
  const { authenticate } = await authenticatorFor()
  expect(await authenticate(requestOf('user', {}), 'GET')).toMatchObject({
    jwtTenant: 'dev',
    jwtUser: 'jdoe',
    oboTenant: 'dev',
    oboUser: 'jdoe',
    isService: false,
  })
  const service = await authenticate(requestOf('service', {}), 'GET')
  expect(service).toMatchObject({
    jwtTenant: 'admin',
    jwtUser: 'jobs',
    oboTenant: 'dev',
    oboUser: 'jdoe',
    isService: true,
  })
  expect(['dev', 'lab', 'unknown'].map((tenant) => service.mayActFor(tenant))).toEqual([true, true, false])
})

test('headers are judged on each request, although the token is remembered', async () => {
  const { authenticate } = await authenticatorFor()
  const headers = requestOf('service', {})
  expect((await authenticate(headers, 'GET')).oboUser).toBe('jdoe')
  expect((await authenticate({ ...headers, 'x-tapis-user': 'eve' }, 'GET')).oboUser).toBe('eve')
  await expect(authenticate({ ...headers, 'x-tapis-tenant': 'unknown' }, 'GET')).rejects.toMatchObject({
    code: 'TAPIS_SECURITY_TENANT_NOT_ALLOWED',
  })
})

test('a remembered token is rejected from the moment it expires', async () => {
  let nowMs = NOW_S * 1000
  const { authenticate } = await authenticatorFor({}, () => nowMs)
  const headers = requestOf('user', { claims: { exp: NOW_S + 60 } })
  nowMs += 59_999
  await authenticate(headers, 'GET')
  nowMs += 1
  await expect(authenticate(headers, 'GET')).rejects.toMatchObject({
    code: 'TAPIS_SECURITY_JWT_EXPIRED',
    httpStatus: 401,
  })
})

test.each(['headers', 'headersDistinct'] as const)(
  'over HTTP, header names are case-insensitive, and the first of repeated headers counts (%s)',
  async (property) => {
    const { authenticate } = await authenticatorFor()
    const server = createServer((incoming, response) => {
      authenticate(incoming[property], 'GET').then(
        (caller) => response.end(JSON.stringify(caller)),
        (error: unknown) => response.end(String(error)),
      )
    }).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    await once(server, 'listening')
    const address = server.address()
    const { 'x-tapis-token': token = '' } = requestOf('service', {})
    const headers = {
      'X-TAPIS-Token': [String(token), 'garbage'],
      'x-TAPIS-user': ['jdoe', 'root'],
      'X-Tapis-tenant': ['dev', 'admin'],
    }
    const port = typeof address === 'object' && address ? address.port : 0
    const response = await new Promise<IncomingMessage>((resolve) => {
      request({ port, host: '127.0.0.1', headers }, resolve).end()
    })
    expect(await json(response)).toMatchObject({ oboUser: 'jdoe', oboTenant: 'dev' })
  },
)

test('a service has a foreign signer unless its token comes from the admin tenant of this site', async () => {
  const signerOf = async (attempt: Attempt) =>
    (await (await authenticatorFor(attempt)).authenticate(requestOf('service', attempt), 'GET')).foreignSigner
  expect(await signerOf({})).toBeUndefined()
  expect(
    await signerOf({
      claims: { 'tapis/tenant_id': 'branch-admin' },
      signer: other,
      headers: { 'x-tapis-tenant': 'lab' },
    }),
  ).toBe('branch-admin')
  expect(await signerOf({ claims: { 'tapis/tenant_id': 'dev' }, signer: dev })).toBe('dev')
})
