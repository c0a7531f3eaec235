import { randomUUID } from 'node:crypto'
import { whyNot } from '@tidings/server/sight/why-not.ts'
import { expect, onTestFinished, test } from 'vitest'
import {
  addWebhookForEach,
  endSubscriptionsByName,
  filterStates,
  matchedEvents,
  storeSubscriptions,
} from './support/stored-state.ts'
import { openStepwiseService } from './support/stepwise-service.ts'

/** A reproducible stream of numbers below 1 (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const HOUR_MS = 3_600_000
const at = (ms: number) => new Date(Date.now() + ms).toISOString().replace('Z', '000Z')

test.each([1, 2, 3])('the judge of matches says what a dispatch does: random filters, seed %d', async (seed) => {
  const service = await openStepwiseService()
  onTestFinished(() => service.stop())
  const random = randomOf(seed)
  const pick = <T>(...values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0]

  const rows = Array.from({ length: 300 }, (_, index) => ({
    tenant: pick('dev', 'dev', 'dev', 'other'),
    owner: 'jdoe',
    name: `filter-${String(index).padStart(3, '0')}`,
    description: null,
    typeFilter: `${pick('jobs', 'jobs', 'apps')}.${pick('*', 'A', 'a', 'B')}.${pick('*', 'B', 'C')}`,
    subjectFilter: pick('*', 'job', 'Job', 'files', 'job '),
    ttlMinutes: 0,
    enabled: random() < 0.8,
    uuid: randomUUID(),
    expiry: pick(null, null, at(-HOUR_MS), at(HOUR_MS)),
    created: at(-2 * HOUR_MS),
    updated: at(-2 * HOUR_MS),
  }))
  await storeSubscriptions(service.db, rows)
  await addWebhookForEach(service.db)
  for (const reason of ['deleted', 'subject'])
    await endSubscriptionsByName(
      service.db,
      reason,
      rows.filter(() => random() < 0.1).map(({ name }) => name),
    )
  const expired = rows.filter(({ expiry }) => expiry !== null && random() < 0.5)
  await endSubscriptionsByName(
    service.db,
    'expired',
    expired.map(({ name }) => name),
  )

  await service.publish(
    ...Array.from({ length: 60 }, () => ({
      type: `${pick('jobs', 'apps')}.${pick('A', 'a', 'B')}.${pick('B', 'C')}`,
      subject: pick('job', 'Job', 'files', '*', null, 'x'.repeat(200)),
      seriesId: pick('one', null),
    })),
  )
  await service.dispatch()

  const states = await filterStates(service.db)
  const events = await matchedEvents(service.db)
  expect([states.length, events.length]).toEqual([300, 60])
  for (const event of events) {
    const judged = states.filter(
      (state) => whyNot({ ...event, type: event.type }, state, state, event.dispatched).length === 0,
    )
    expect(judged.map(({ name }) => name).sort(), JSON.stringify(event)).toEqual(event.matched)
  }
  expect(events.some(({ matched }) => matched.length > 0)).toBe(true)
})
