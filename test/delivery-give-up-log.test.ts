import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import { changeTargetAddress, storedNotifications } from './support/stored-state.ts'

const recording = createRecordingLog()
let app: TestApp
let receiver: Receiver

beforeAll(async () => {
  ;[app, receiver] = await Promise.all([
    startApp({ env: { TIDINGS_RETRY_HORIZON_S: '1' }, log: recording.log }),
    startReceiver(),
  ])
})
afterAll(() => Promise.all([app.stop(), receiver.close()]))

const given = () =>
  recording.lines.filter((line) => line.includes('"notification given up"')).map((line) => JSON.parse(line) as object)

test('410 Gone is logged at once, with only the origin of the address', async () => {
  const subscription = await app.subscribe({
    addresses: [receiver.url('/secret?token=secret').replace('//', '//user:secret@')],
    subjectFilter: 'gone',
  })
  receiver.answers(410)
  const event = await app.publish({ subject: 'gone' })
  await eventually(given).toHaveLength(1)
  expect(given()[0]).toMatchObject({
    level: 40,
    to: new URL(receiver.url()).origin,
    tenant: 'dev',
    subscription,
    event,
    attempts: 1,
    reason: 'gone',
    httpStatus: 410,
  })
  expect(JSON.stringify(given())).not.toContain('secret')
})

test('past the horizon the line says what went wrong at the last attempt', async () => {
  await app.subscribe({ addresses: ['http://127.0.0.1:1/x'], subjectFilter: 'late' })
  await app.publish({ subject: 'late' })
  await eventually(given).toContainEqual(
    expect.objectContaining({ to: 'http://127.0.0.1:1', reason: 'horizon_passed', lastFailure: 'connect_refused' }),
  )
})

test('an old address that no creation would accept now is given up without a request, and logged', async () => {
  const name = await app.subscribe({ addresses: [receiver.url('/old')], subjectFilter: 'old' })
  await changeTargetAddress(app.db, receiver.url('/old'), receiver.url('/old').replace('//', '//user:a%b@'))
  const before = receiver.received.length
  await app.publish({ subject: 'old' })
  await eventually(given).toContainEqual(
    expect.objectContaining({ subscription: name, reason: 'bad_credentials', attempts: 1 }),
  )
  expect(receiver.received).toHaveLength(before)
})

test('many give-ups of one address are one line', async () => {
  const subscription = await app.subscribe({ addresses: [receiver.url('/many')], subjectFilter: 'many' })
  receiver.decide(() => 410)
  for (let n = 0; n < 20; n += 1) await app.publish({ subject: 'many', seriesId: null })
  const ofMany = () => storedNotifications(app.db, { address: receiver.url('/many') })
  await eventually(async () => (await ofMany()).filter(({ state }) => state === 'given_up')).toHaveLength(20)
  // Written with the first of them; what is kept back is never written.
  expect(given().filter((line) => 'subscription' in line && line.subscription === subscription)).toHaveLength(1)
})
