import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '@tidings/harness/client.ts'
import { openApiDocument } from '@tidings/server/api/openapi/document.ts'
import { startApiForTest } from './support/test-api.ts'
import { checkResponse, checkedResponseCount } from './support/response-checks.ts'
import { createResponseCheck, type SeenResponse } from './support/openapi-check.ts'

const check = createResponseCheck(openApiDocument(undefined))

const ENVELOPE = {
  result: null,
  status: 'success',
  message: 'm',
  version: 'v',
  commit: 'c',
  build: 'b',
  metadata: null,
}

const seen = (path: string, body: object, answer: Partial<SeenResponse> = {}): SeenResponse => ({
  method: 'GET',
  url: `http://host/v3/notifications${path}`,
  status: 200,
  contentType: 'application/json',
  text: JSON.stringify({ ...ENVELOPE, ...body }),
  ...answer,
})

test.each([
  [
    'a subscription with some of its members',
    seen('/subscriptions/byName/x?select=expiry', {
      result: { name: 'x', expiry: null, deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }] },
    }),
  ],
  ['a slash at the end', seen('/subscriptions/x/isEnabled/', { result: { aBool: true } })],
  [
    'a subscription that is called as an operation',
    seen('/subscriptions/byName/isEnabled', { result: { name: 'isEnabled' } }),
  ],
  [
    'a subscription that is called as a part of an address',
    seen('/subscriptions/byName/enable', { result: { changes: 1 } }, { method: 'POST' }),
  ],
  ['a refusal', seen('/subscriptions/byName/x', { status: 'error' }, { status: 404 })],
  ['no such path', seen('/nowhere', { status: 'error' }, { status: 404 })],
  ['no such method', seen('/subscriptions', { status: 'error' }, { status: 405, method: 'PUT' })],
  ['HEAD', seen('/subscriptions', {}, { method: 'HEAD', text: '' })],
  ['OPTIONS', seen('/subscriptions', {}, { method: 'OPTIONS', status: 204, text: '', contentType: undefined })],
])('fits the document: %s', (_name, answer) => {
  expect(check(answer)).toEqual([])
})

test.each([
  [
    'a member too many',
    seen('/subscriptions/byName/x', { result: { name: 'x', secret: 1 } }),
    /answer\/result must NOT have additional properties/,
  ],
  [
    'a member too few',
    seen('/subscriptions/x/isEnabled', { result: {} }),
    /answer\/result must have required property 'aBool'/,
  ],
  [
    'a member of another type',
    seen('/subscriptions/byName/x', { result: { name: 'x', enabled: 'true' } }),
    /answer\/result\/enabled must be boolean/,
  ],
  [
    'null where there must be something',
    seen('/subscriptions/byName/x', { result: { name: null } }),
    /answer\/result\/name must be string/,
  ],
  [
    'a word that is none',
    seen('/subscriptions/byName/x', { result: { name: 'x' }, status: 'ok' }),
    /answer\/status must match pattern/,
  ],
  [
    'a deep member',
    seen('/subscriptions', {
      result: [{ name: 'x', deliveryTargets: [{ deliveryMethod: 'FAX', deliveryAddress: 'a@b' }] }],
      metadata: {},
    }),
    /deliveryMethod must be equal to one of .*recordCount/,
  ],
  [
    'a status that is not documented',
    seen('/subscriptions', {}, { status: 404 }),
    /no response 404 of getSubscriptions/,
  ],
  ['no such path, but a success', seen('/nowhere', {}), /no response 200 of a path without operation/],
  ['no JSON', seen('/subscriptions', {}, { text: '<p>' }), /answer must be object/],
  [
    'another content type',
    seen('/subscriptions', {}, { contentType: 'application/json; charset=utf-8' }),
    /the content type is application\/json; charset=utf-8/,
  ],
])('does not fit: %s', (_name, answer, violation) => {
  expect(check(answer).join('; ')).toMatch(violation)
})

/** A service that is not ours. Returns its address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const WRONG = JSON.stringify({ ...ENVELOPE, result: { aBool: 'yes' } })

test('a test whose request gets a wrong response fails, by fetch and by the client of the harness', async () => {
  const address = await serve((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': WRONG.length }).end(WRONG),
  )
  const client = createClient(() => address, { token: '', user: '', tenant: '', onResponse: checkResponse })
  onTestFinished(() => client.close())
  await expect(fetch(`${address}/v3/notifications/subscriptions/x/isEnabled`)).rejects.toThrow('aBool must be boolean')
  await expect(client.call('GET', '/subscriptions/x/isEnabled')).rejects.toThrow('aBool must be boolean')
})

test('a streamed response is checked when it is read', async () => {
  const address = await serve((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(WRONG),
  )
  const response = await fetch(`${address}/v3/notifications/subscriptions/x/isEnabled`)
  await expect(response.json()).rejects.toThrow('aBool must be boolean')
})

test('the responses of the api under test are among those that are checked', async () => {
  const before = checkedResponseCount()
  const api = await startApiForTest()
  await api.call('GET', '/healthcheck')
  await api.call('GET', '/openapi.json')
  expect(checkedResponseCount()).toBe(before + 1)
})

test('the result of the probes is the only one that is not an object, and it is a string', () => {
  expect(check(seen('/healthcheck', { result: 'Health check received. Count: 1' }))).toEqual([])
  expect(check(seen('/healthcheck', { result: { count: 1 } })).join('; ')).toMatch(/result must be object/)
  expect(check(seen('/events/endSeries', { result: 'ended' }, { method: 'POST' })).join('; ')).toMatch(
    /result must be object/,
  )
})
