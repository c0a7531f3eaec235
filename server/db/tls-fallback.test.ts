import { expect, test } from 'vitest'
import { createTlsFallback, shouldFallBack, wantsTls } from './tls-fallback.ts'

const BAD_HANDSHAKE = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
const REFUSED = Object.assign(new Error('no pg_hba.conf entry, no encryption'), { code: '28000' })
const AWAY = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

function setUp() {
  const clock = { ms: 1000 }
  return { clock, turn: createTlsFallback(() => clock.ms) }
}

test.each([
  ['prefer', BAD_HANDSHAKE, true, false],
  ['prefer', REFUSED, false, true],
  ['prefer', AWAY, false, false],
  ['allow', REFUSED, true, false],
  ['allow', BAD_HANDSHAKE, false, true],
  ['allow', AWAY, false, false],
  ['require', BAD_HANDSHAKE, false, false],
  ['disable', REFUSED, false, false],
] as const)('%s, %s: worth the other way after the first %s, after the other %s', (mode, error, first, other) => {
  expect([shouldFallBack(mode, false, error), shouldFallBack(mode, true, error)]).toEqual([first, other])
})

test('one bad handshake disables TLS for some seconds only', () => {
  const { clock, turn } = setUp()
  expect(turn.failed('prefer', BAD_HANDSHAKE)).toBe(true)
  expect(wantsTls('prefer', turn.isActive())).toBe(false)
  clock.ms += 10_000
  expect(wantsTls('prefer', turn.isActive())).toBe(true)
})

test('each of several connections that fail together is tried with the other choice', () => {
  const { turn } = setUp()
  expect([turn.failed('prefer', BAD_HANDSHAKE), turn.failed('prefer', BAD_HANDSHAKE), turn.isActive()]).toEqual([
    true,
    true,
    true,
  ])
})

test('a failure of the fallback leads back to the first choice, at once if TLS is the reason', () => {
  const { turn } = setUp()
  turn.failed('prefer', BAD_HANDSHAKE)
  expect([turn.failed('prefer', REFUSED), turn.isActive()]).toEqual([true, false])
  turn.failed('prefer', BAD_HANDSHAKE)
  expect([turn.failed('prefer', AWAY), turn.isActive()]).toEqual([false, false])
})
