import { expect, test } from 'vitest'
import { startAppForTest, type TestApp } from './support/test-app.ts'
import { subscribeMail } from './support/mail-helpers.ts'
import { createRecordingLog, type RecordingLog } from './support/recording-log.ts'
import { eventually, notificationsOf } from './support/service-fixtures.ts'

async function running(env: Readonly<Record<string, string>>): Promise<{ app: TestApp; log: RecordingLog }> {
  const log = createRecordingLog()
  const app = await startAppForTest({ env, log: log.log })
  return { app, log }
}

const linesWith = ({ lines }: RecordingLog, words: string) =>
  lines.filter((line) => line.includes(words)).map((line): unknown => JSON.parse(line))

test('without a provider each mail is logged, with a note that nothing was sent, and counts as delivered', async () => {
  const { app, log } = await running({ TAPIS_SMTP_FROM_NAME: 'The Portal' })
  expect(linesWith(log, 'no e-mail is sent')).toMatchObject([{ level: 40, provider: 'LOG' }])
  await subscribeMail(app, 'someone@example.org', { subjectFilter: 'job-7' })
  const uuid = await app.publish({ data: 'told in the log' })
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([
    { state: 'delivered', attempts: 1, httpStatus: null },
  ])
  expect(linesWith(log, 'e-mail not sent, only logged')).toMatchObject([
    {
      level: 30,
      to: { name: 'someone@example.org', address: 'someone@example.org' },
      from: { name: 'The Portal', address: 'no-reply@nowhere.com' },
      subject: 'Tapis v3 notification. Event type: jobs.JOB_NEW_STATUS.RUNNING subject: job-7',
      headers: { 'Auto-Submitted': 'auto-generated' },
      text: expect.stringContaining('told in the log') as string,
    },
  ])
})

test('with NONE a mail is dropped without a log line, and counts as delivered', async () => {
  const { app, log } = await running({ TAPIS_MAIL_PROVIDER: 'NONE' })
  expect(linesWith(log, 'no e-mail is sent')).toMatchObject([{ level: 40, provider: 'NONE' }])
  await subscribeMail(app, 'someone@example.org', { subjectFilter: 'job-7' })
  const uuid = await app.publish({ data: 'dropped' })
  await eventually(() => notificationsOf(app, uuid)).toMatchObject([{ state: 'delivered', attempts: 1 }])
  expect(linesWith(log, 'someone@example.org')).toEqual([])
})

test('a long mail is truncated in the log', async () => {
  const { app, log } = await running({})
  await subscribeMail(app, 'someone@example.org', { subjectFilter: 'job-7' })
  await app.publish({ data: 'x'.repeat(500_000) })
  await eventually(() => linesWith(log, 'e-mail not sent, only logged').length).toBe(1)
  expect(log.lines.find((line) => line.includes('e-mail not sent'))?.length).toBeLessThan(8000)
})
