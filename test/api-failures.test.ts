import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createDatabase } from '@tidings/server/db/database.ts'
import { AppError } from '@tidings/server/api/errors.ts'
import { createLog } from '@tidings/server/log.ts'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'

const EVENT = { source: 's', type: 'jobs.a.b', timestamp: 't' }

let failure: Error
const fail = () => Promise.reject(failure)
const api = createApiForFile({
  deps: () => ({
    publish: { event: fail, endSeries: fail, events: fail },
    checks: [
      { name: 'CheckTenants', label: 'tenants', run: () => Promise.resolve(true) },
      { name: 'CheckDB', label: 'DB', run: () => Promise.resolve(false) },
    ],
  }),
})

test('an AppError keeps its status, and says when to try again', async () => {
  failure = new AppError('NTFAPI_BUSY', { retryAfterS: 2 })
  const response = await api.call('POST', '/events', { body: EVENT })
  expect(response.headers.get('retry-after')).toBe('2')
  expect((await envelopeOf(response, 503)).message).toMatch(/^NTFAPI_BUSY .* OboUser: jdoe$/)
})

test('a bug is a bare 500', async () => {
  failure = new TypeError('secret detail')
  expect((await envelopeOf(api.call('POST', '/events', { body: EVENT }), 500)).message).toBe(
    'NTFAPI_INTERNAL An internal error occurred; it was logged. jwtTenant: admin jwtUser: jobs OboTenant: dev OboUser: jdoe',
  )
})

test('the probes have their own format', async () => {
  const health = await api.call('GET', '/healthcheck/', { as: 'nobody' })
  expect([health.status, health.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(await health.text()).toMatch(
    /^\{"status":"success","message":"TAPIS_HEALTHY .*"result":"Health check received. Count: 1"\}$/,
  )
  const ready = await api.call('GET', '/readycheck', { as: 'nobody' })
  expect(ready.status).toBe(503)
  expect(await ready.text()).toMatch(
    /^\{"result":"Readiness DB check failed. Check number: 1 CheckTenants:PASS CheckDB:FAIL ","status":"error","message":"TAPIS_NOT_READY /,
  )
})

test('a client that disconnects in the middle of a body affects nobody else', async () => {
  const { hostname, port } = new URL(api.address)
  const socket = connect(Number(port), hostname)
  await new Promise((resolve) =>
    socket.write(
      'POST /v3/notifications/events HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: service:jobs\r\nContent-Length: 100\r\n\r\n{',
      resolve,
    ),
  )
  socket.destroy()
  expect((await api.call('GET', '/healthcheck')).status).toBe(200)
})

test('without the database, subscriptions are 503', async () => {
  const nowhere = createDatabase({
    url: () => 'postgres://nobody@127.0.0.1:1/none',
    schema: undefined,
    name: 'none',
    maxConnections: 1,
    statementTimeoutMs: 1000,
    answerTimeoutMs: 1000,
    log: createLog({ level: 'fatal', isTerminal: false }),
  })
  const other = await startApiForTest({ db: nowhere, searchDb: nowhere })
  for (const [method, path] of [
    ['GET', '/subscriptions'],
    ['GET', '/subscriptions/byName/x'],
    ['DELETE', '/subscriptions/byName/x'],
    ['POST', '/subscriptions/x/enable'],
  ] as const) {
    const response = await other.call(method, path)
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await envelopeOf(response, 503)).message).toMatch(/^NTFAPI_UNAVAILABLE /)
  }
})
