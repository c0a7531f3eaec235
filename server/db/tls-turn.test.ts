import { expect, test } from 'vitest'
import { createTlsTurn, isWorthTurning, wantsTls } from './tls-turn.ts'

const BAD_HANDSHAKE = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
const REFUSED = Object.assign(new Error('no pg_hba.conf entry, no encryption'), { code: '28000' })
const AWAY = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

function setUp() {
  const clock = { ms: 1000 }
  return { clock, turn: createTlsTurn(() => clock.ms) }
}

test.each([
  ['prefer', BAD_HANDSHAKE, true, false], ['prefer', REFUSED, false, true], ['prefer', AWAY, false, false],
  ['allow', REFUSED, true, false], ['allow', BAD_HANDSHAKE, false, true], ['allow', AWAY, false, false],
  ['require', BAD_HANDSHAKE, false, false], ['disable', REFUSED, false, false],
] as const)('%s, %s: worth the other way after the first %s, after the other %s', (mode, error, first, other) => {
  expect([isWorthTurning(mode, false, error), isWorthTurning(mode, true, error)]).toEqual([first, other])
})

test('one bad handshake takes the encryption away for some seconds only', () => {
  const { clock, turn } = setUp()
  expect(turn.failed('prefer', BAD_HANDSHAKE)).toBe(true)
  expect(wantsTls('prefer', turn.isTurned())).toBe(false)
  clock.ms += 10_000
  expect(wantsTls('prefer', turn.isTurned())).toBe(true)
})

test('of connections that fail together each is tried by the other way', () => {
  const { turn } = setUp()
  expect([turn.failed('prefer', BAD_HANDSHAKE), turn.failed('prefer', BAD_HANDSHAKE), turn.isTurned()]).toEqual([true, true, true])
})

test('a failure of the other way leads back to the first, at once where the way is the reason', () => {
  const { turn } = setUp()
  turn.failed('prefer', BAD_HANDSHAKE)
  expect([turn.failed('prefer', REFUSED), turn.isTurned()]).toEqual([true, false])
  turn.failed('prefer', BAD_HANDSHAKE)
  expect([turn.failed('prefer', AWAY), turn.isTurned()]).toEqual([false, false])
})
