import { expect, test, vi } from 'vitest'
import { createEnvelopeWriter } from '../http/response/envelope-writer.ts'
import { createStatus, type ReadyCheck } from './status.ts'

const envelopes = createEnvelopeWriter({ version: '1', commit: 'c', build: 'b' })

function statusWith(answers: { tenants: () => Promise<boolean>; db: () => Promise<boolean> }) {
  let now = 0
  const checks: ReadyCheck[] = [
    { name: 'CheckTenants', label: 'tenants', run: answers.tenants },
    { name: 'CheckDB', label: 'DB', run: answers.db },
  ]
  return { ...createStatus({ checks, envelopes, clock: () => now }), pass: (ms: number) => (now += ms) }
}
const yes = () => Promise.resolve(true)

test('health counts its calls', () => {
  const { health } = statusWith({ tenants: yes, db: yes })
  health()
  expect(health()).toEqual({
    httpStatus: 200,
    text:
      '{"status":"success","message":"TAPIS_HEALTHY Health check received by Notifications Service.",' +
      '"version":"1","commit":"c","build":"b","metadata":null,"result":"Health check received. Count: 2"}',
  })
})

test('ready names what passed', async () => {
  const { ready } = statusWith({ tenants: yes, db: yes })
  expect((await ready()).text).toContain('"result":"Ready check passed. Count: 1 CheckTenants:PASS CheckDB:PASS"')
})

test('the first check that fails or rejects ends it with 503', async () => {
  const { ready } = statusWith({ tenants: yes, db: () => Promise.reject(new Error('away')) })
  expect(await ready()).toEqual({
    httpStatus: 503,
    text:
      '{"result":"Readiness DB check failed. Check number: 1 CheckTenants:PASS CheckDB:FAIL ","status":"error",' +
      '"message":"TAPIS_NOT_READY Notifications Service is not ready.",' +
      '"version":"1","commit":"c","build":"b","metadata":null}',
  })
  const db = vi.fn(yes)
  expect((await statusWith({ tenants: () => Promise.resolve(false), db }).ready()).text).toContain(
    'Readiness tenants check failed. Check number: 1 CheckTenants:FAIL ',
  )
  expect(db).not.toHaveBeenCalled()
})

test('probes share one evaluation for a second', async () => {
  const db = vi.fn(yes)
  const { ready, pass } = statusWith({ tenants: yes, db })
  await Promise.all([ready(), ready()])
  pass(999)
  await ready()
  expect(db).toHaveBeenCalledTimes(1)
  pass(1)
  await ready()
  expect(db).toHaveBeenCalledTimes(2)
})
