import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Database } from '@tidings/server/db/database.ts'
import { MAX_REQUESTS_PER_USER } from '@tidings/server/api/http/user-request-limit.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { afterEach, expect, test } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'
import { eventually } from './support/service-fixtures.ts'

const api = createApiForFile()

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

async function openConnection(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  open.push(socket)
  await once(socket, 'connect')
  return socket
}

/** A request of a user whose body begins and never ends. */
async function startBody(user: string): Promise<Socket> {
  const socket = await openConnection(api.address)
  socket.write(
    `POST /v3/notifications/subscriptions/search HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: user:${user}@dev\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
  )
  return socket
}

const startBodies = (user: string, count: number) => Promise.all(Array.from({ length: count }, () => startBody(user)))
const listAs = (user: string) => api.call('GET', '/subscriptions', { as: 'user', user })
const statusFor = (user: string) => listAs(user).then(({ status }) => status)

test('a user with many requests in progress gets 503 until one has finished; others are served', async () => {
  const [first] = await startBodies('greedy', MAX_REQUESTS_PER_USER)
  await eventually(() => statusFor('greedy')).toBe(503)
  const refused = await listAs('greedy')
  expect(refused.headers.get('retry-after')).toBe('1')
  expect((await envelopeOf(refused, 503)).message).toMatch(/^NTFAPI_CALLER_BUSY .* OboUser: greedy$/)
  await envelopeOf(listAs('modest'))
  await envelopeOf(api.call('GET', '/subscriptions', { user: 'greedy' }))
  first?.destroy()
  await eventually(() => statusFor('greedy')).toBe(200)
})

test('the bodies of many users leave room for what services publish', async () => {
  const users = Array.from({ length: 17 }, (_, index) => `dripping-${index}`)
  await Promise.all(users.map((user) => startBodies(user, MAX_REQUESTS_PER_USER)))
  await eventually(
    async () =>
      (await api.call('POST', '/subscriptions/search', { as: 'user', user: 'other', body: { search: [''] } })).status,
  ).toBe(503)
  await envelopeOf(api.call('POST', '/events/publish', { body: jobEvent() }))
})

test('pipelined requests on a connection that closes have finished', async () => {
  let isHeld = true
  const searchDb: Database = {
    ...api.db,
    async query(statement) {
      if (statement.values.includes('gone')) await eventually(() => isHeld).toBe(false)
      return api.db.query(statement)
    },
  }
  const other = await startApiForTest({ searchDb })
  const ask = () =>
    other.call('GET', '/subscriptions/byName/none', { as: 'user', user: 'gone' }).then(({ status }) => status)
  const socket = await openConnection(other.address)
  socket.write(
    'GET /v3/notifications/subscriptions HTTP/1.1\r\nHost: x\r\nX-Tapis-Token: user:gone@dev\r\n\r\n'.repeat(
      MAX_REQUESTS_PER_USER,
    ),
  )
  await eventually(ask).toBe(503)
  socket.resetAndDestroy() // a caller that only ends what it sends still waits for its answers
  const together = Array.from({ length: MAX_REQUESTS_PER_USER - 1 }, () => 404)
  await eventually(() => Promise.all(together.map(ask))).toEqual(together)
  isHeld = false
})

test('slow searches of one caller leave connections to others', async () => {
  let underWay = 0
  const { promise: released, resolve: release } = deferred()
  const searchDb: Database = {
    ...api.db,
    async query(statement) {
      if (statement.values.includes('slow')) {
        underWay += 1
        await released
      }
      return api.db.query(statement)
    },
  }
  const other = await startApiForTest({ searchDb })
  const slow = Array.from({ length: 6 }, () =>
    envelopeOf(other.call('GET', '/subscriptions', { as: 'user', user: 'slow' })),
  )
  await eventually(() => underWay).toBe(2)
  await envelopeOf(other.call('GET', '/subscriptions', { as: 'user', user: 'quick' }))
  expect(underWay).toBe(2)
  release()
  await Promise.all(slow)
  expect(underWay).toBe(6)
})
