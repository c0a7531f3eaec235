import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { createLog } from '@tidings/server/log.ts'
import { deferred } from '@tidings/server/runtime/deferred.ts'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './support/service-fixtures.ts'
import { lockTargets } from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'
import { createApiForFile, envelopeOf, startApiForTest } from './support/test-api.ts'

const api = createApiForFile()

/** Holds up what names this owner. */
function heldUp(owner: string) {
  let underWay = 0
  const { promise: released, resolve: release } = deferred()
  const looksDb: Database = {
    ...api.db,
    async query(statement) {
      if (statement.values.includes(owner)) {
        underWay += 1
        await released
      }
      return api.db.query(statement)
    },
  }
  return { looksDb, release, count: () => underWay }
}

test('slow looks of one caller leave connections to others, and too many are rejected', async () => {
  const slow = heldUp('slow')
  const other = await startApiForTest({ looksDb: slow.looksDb })
  const service = { as: 'service', user: 'slow' } as const
  const looks = Array.from({ length: 32 }, () => envelopeOf(other.call('GET', '/targets?ownedBy=slow', service)))
  await eventually(slow.count).toBe(2)
  await eventually(
    async () => (await envelopeOf(other.call('GET', '/targets?ownedBy=quick', service), 503)).message.split(' ')[0],
  ).toBe('NTFAPI_SIGHT_BUSY')
  await envelopeOf(other.call('GET', '/targets', { as: 'user', user: 'quick' }))
  expect(slow.count()).toBe(2)
  slow.release()
  await Promise.all(looks)
  await envelopeOf(other.call('GET', '/targets?ownedBy=quick', service))
})

test('looks use no connection of searches, and searches none of looks', async () => {
  const slow = heldUp('slow')
  const ofSearches = await startApiForTest({ searchDb: slow.looksDb })
  const search = ofSearches.call('GET', '/subscriptions', { as: 'user', user: 'slow' })
  await eventually(slow.count).toBe(1)
  await envelopeOf(ofSearches.call('GET', '/targets', { as: 'user', user: 'slow' }))
  const ofLooks = await startApiForTest({ looksDb: slow.looksDb })
  const look = ofLooks.call('GET', '/targets', { as: 'user', user: 'slow' })
  await eventually(slow.count).toBe(2)
  await envelopeOf(ofLooks.call('GET', '/subscriptions', { as: 'user', user: 'slow' }))
  slow.release()
  await Promise.all([envelopeOf(search), envelopeOf(look)])
})

test('a look that takes too long is cancelled, with a code of its own', async () => {
  const looksDb = createDatabase({
    url: () => api.db.url,
    schema: SCHEMA,
    name: 'looks',
    maxConnections: 1,
    statementTimeoutMs: 1000,
    answerTimeoutMs: 5000,
    log: createLog({ level: 'fatal', isTerminal: false }),
  })
  onTestFinished(() => looksDb.close())
  const other = await startApiForTest({ looksDb })
  await api.db.transaction(async (tx) => {
    await lockTargets(tx)
    const slow = other.call('GET', '/targets')
    await eventually(() => sessionsWaitingForLock(api.db, 'tidings looks')).toHaveLength(1)
    expect((await envelopeOf(slow, 503)).message).toMatch(/^NTFAPI_SIGHT_TIMEOUT /)
  })
  await envelopeOf(other.call('GET', '/targets'))
})
