import { expect, test } from 'vitest'
import { createRecordingLog } from '@tidings/test/support/recording-log.ts'
import { createGiveUpLog } from './give-up-log.ts'
import type { Head } from './attempt.ts'
import type { Settlement } from '../lanes/settlement.ts'

const head: Head = {
  targetId: 5,
  laneSeries: 'lane',
  partition: 2,
  addressKey: 'one',
  position: 77,
  attempts: 2,
  uuid: 'n',
  number: 4,
  created: '2026-01-01T00:00:00.000000Z',
  ageMs: 500,
  method: 'WEBHOOK',
  address: 'https://user:secret@hooks.example.org:8443/T0/secret?token=secret#secret',
  subscriptionName: 's',
  tenant: 'dev',
  eventUuid: 'e',
}
const settlement: Settlement = {
  targetId: 5,
  laneSeries: 'lane',
  partition: 2,
  position: 77,
  attempts: 153,
  kind: 'given_up',
  httpStatus: 500,
  reason: 'horizon_passed',
  lastFailure: 'http_500',
  durationMs: 1,
  delayMs: 0,
  askedMs: 0,
}

function recorded(clock?: () => number) {
  const { log, lines } = createRecordingLog()
  return { note: createGiveUpLog(log, clock), parsed: () => lines.map((line) => JSON.parse(line) as object), lines }
}

test('a line says who gets nothing, after how many attempts and why, without the secret part of an address', () => {
  const { note, parsed, lines } = recorded()
  note(head, settlement)
  expect(parsed()).toMatchObject([
    {
      level: 40,
      msg: 'notification given up',
      method: 'WEBHOOK',
      to: 'https://hooks.example.org:8443',
      tenant: 'dev',
      subscription: 's',
      notification: 'n',
      event: 'e',
      number: 4,
      attempts: 153,
      reason: 'horizon_passed',
      lastFailure: 'http_500',
      httpStatus: 500,
    },
  ])
  expect(lines.join()).not.toContain('secret')
})

test('only the domain of a mail address is shown, and nothing of an invalid address', () => {
  const { note, parsed } = recorded()
  note(
    { ...head, method: 'EMAIL', address: '"a@b"@example.org' },
    { ...settlement, reason: 'smtp_550', httpStatus: null },
  )
  note(
    { ...head, addressKey: 'two', address: 'http://user:a%b@[' },
    { ...settlement, reason: 'bad_address', httpStatus: null },
  )
  expect(parsed()).toMatchObject([
    { to: 'example.org', reason: 'smtp_550' },
    { to: 'no address', reason: 'bad_address' },
  ])
})

test('an address that loses many is logged once a minute, with their number, and does not hide others', () => {
  let now = 0
  const { note, parsed } = recorded(() => now)
  for (let n = 0; n < 5; n += 1) note(head, settlement)
  note({ ...head, addressKey: 'two' }, settlement)
  now = 60_000
  note(head, settlement)
  expect(parsed()).toMatchObject([
    { to: 'https://hooks.example.org:8443' },
    { to: 'https://hooks.example.org:8443' },
    { suppressed: 4 },
  ])
})
