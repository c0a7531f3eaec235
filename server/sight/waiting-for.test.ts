import { expect, test } from 'vitest'
import { waitingFor, type WaitingNotification } from './waiting-for.ts'

const NOW = '2026-11-23T10:00:00.000000Z'
const HOT: WaitingNotification = { isFirst: true, isOwned: true, isDeleted: false, due: null, now: NOW }

test.each<[string, Partial<WaitingNotification>]>([
  ['sending', {}],
  ['behind', { isFirst: false }],
  ['retrying', { due: '2026-11-23T10:00:00.000001Z' }],
  ['due', { due: NOW }],
  ['behind', { isFirst: false, due: NOW }],
  ['cancelling', { isDeleted: true, isFirst: false, due: NOW }],
  ['no_dispatcher', { isOwned: false, isDeleted: true }],
])('%s: %j', (reason, change) => {
  expect(waitingFor({ ...HOT, ...change })).toBe(reason)
})
