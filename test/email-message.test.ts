import { randomUUID } from 'node:crypto'
import { composeMail } from '@tidings/server/delivery/email/compose-mail.ts'
import { mailOf } from '@tidings/server/delivery/email/mail.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startMailServer, type TestMailServer } from './support/mail-server.ts'
import type { ReceivedMail } from './support/received-mail.ts'
import { startScriptedMailServer } from './support/scripted-mail-server.ts'
import {
  TEST_FROM,
  TEST_RECIPIENT,
  testNotification,
  createTestSmtpSender,
  type TestMailSender,
} from './support/test-smtp-sender.ts'

let server: TestMailServer
let sender: TestMailSender

beforeEach(async () => {
  server = await startMailServer({ encryption: 'none' })
  sender = createTestSmtpSender(server)
})

afterEach(async () => {
  await sender.close()
  await server.close()
})

/** Posts and takes what came. */
async function mailed(options: Parameters<TestMailSender['post']>[0] = {}): Promise<ReceivedMail> {
  expect(await sender.post(options)).toMatchObject({ kind: 'accepted' })
  const [mail] = await server.take(1)
  if (!mail) throw new Error('no mail')
  return mail
}

/** Sorted; one that is there twice is in it twice. */
const headerNames = (mail: ReceivedMail) =>
  mail.headerLines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase()).sort()

test('a mail has the subject line of protocol 6.8, a text, the same in HTML, and the JSON attached', async () => {
  const body = testNotification()
  const mail = await mailed({ body })
  expect(mail.parsed.subject).toBe('Tapis v3 notification. Event type: jobs.JOB_NEW_STATUS.RUNNING subject: job-7')
  expect(mail.parsed.text).toMatch(/^Job hello is now RUNNING\n/)
  for (const said of [
    '2026-11-23 10:00:00 UTC',
    '6 of its series',
    'It runs.',
    'https://tapis.io/jobs',
    'jobs~jdoe~dev~ALL~abcd',
  ]) {
    expect(mail.parsed.text).toContain(said)
    expect(mail.parsed.html).toContain(said)
  }
  expect(mail.parsed.attachments).toMatchObject([
    { filename: 'notification.json', contentType: 'application/json', contentDisposition: 'attachment' },
  ])
  expect(mail.json.equals(body)).toBe(true)
})

test('a mail goes to one address, which is also the name, from the configured sender', async () => {
  const mail = await mailed()
  expect([mail.sender, mail.recipients]).toEqual([TEST_FROM.address, [TEST_RECIPIENT]])
  expect(mail.parsed.from?.value).toEqual([TEST_FROM])
  expect(mail.headerLines).toContain(`To: "${TEST_RECIPIENT}" <${TEST_RECIPIENT}>`)
})

test('the Message-ID is made of the uuid, the date is the creation, and auto-replies are suppressed', async () => {
  const uuid = randomUUID()
  const mail = await mailed({ uuid })
  expect(mail.parsed.messageId).toBe(`<${uuid}@tapis.example>`)
  expect(mail.parsed.date).toEqual(new Date('2026-11-23T10:00:02Z'))
  expect(mail.headerLines).toContain('Auto-Submitted: auto-generated')
})

test('a mail that is sent again is the same, byte for byte', async () => {
  const uuid = randomUUID()
  const body = testNotification({ uuid })
  const [first, second] = [await mailed({ uuid, body }), await mailed({ uuid, body })]
  expect(second.raw.equals(first.raw)).toBe(true)
})

test.each([
  'x\r\nBcc: victim@example.org',
  'x\nX-Evil: 1',
  'x\rX-Evil: 1',
  'x\r\n\r\n<b>body</b>',
  'x\u2028X-Evil: 1',
  'x\0y',
  '\ud800',
  '\u{1f600} größer',
  '=?utf-8?Q?=0D=0ABcc:_victim=40example.org?=',
  'x'.repeat(100_000),
  'ü'.repeat(100_000),
])('a subject like %j adds no header, no recipient and no body', async (subject) => {
  const plain = await mailed()
  const mail = await mailed({ event: { subject } })
  expect(headerNames(mail)).toEqual(headerNames(plain))
  expect(mail.recipients).toEqual([TEST_RECIPIENT])
  expect(mail.parsed.subject).toMatch(/^Tapis v3 notification\. Event type: jobs\.JOB_NEW_STATUS\.RUNNING subject: /)
  expect(mail.parsed.subject).not.toMatch(/\p{Cc}/u)
  expect(mail.notification.event.subject).toBe(subject)
  for (const line of mail.raw.toString().split('\r\n')) expect(line.length).toBeLessThanOrEqual(998)
})

test.each(['', '  ', ' \n'])(
  'a blank subject like %j counts as none, in the subject line and in the text',
  async (subject) => {
    const without = await mailed({ event: { subject: null, data: null } })
    const mail = await mailed({ event: { subject, data: null } })
    expect(mail.parsed.subject).toBe('Tapis v3 notification. Event type: jobs.JOB_NEW_STATUS.RUNNING')
    const lines = (one: ReceivedMail) =>
      one.parsed.text?.split('\n').filter((line) => !line.startsWith('Notification '))
    expect(lines(mail)).toEqual(lines(without))
  },
)

test('a type with line ends adds no header either', async () => {
  const mail = await mailed({ event: { type: 'jobs.A.B\r\nBcc: victim@example.org', subject: null } })
  expect(mail.parsed.subject).toBe('Tapis v3 notification. Event type: jobs.A.B Bcc: victim@example.org')
  expect(headerNames(mail)).not.toContain('bcc')
})

test('a subject that looks encoded arrives as it was published', async () => {
  const subject = '=?utf-8?B?aGVsbG8=?= and more'
  const mail = await mailed({ event: { subject } })
  expect(mail.parsed.subject).toContain(subject)
})

test('data with NUL, half surrogate pairs and lines that end a mail arrives unharmed in the attachment', async () => {
  const data = 'a\0b\ud800c\r\n.\r\nQUIT\r\n..\r\n\u2028\u{1f600}'
  const mail = await mailed({ event: { data } })
  expect(mail.notification.event.data).toBe(data)
  expect(mail.parsed.text).not.toMatch(/\0|\p{Cs}/u)
  expect(mail.parsed.text).toContain('QUIT')
})

test('one MiB of data is attached whole and shown in part', async () => {
  const data = 'ü'.repeat(512 * 1024)
  const mail = await mailed({ event: { data } })
  expect(mail.notification.event.data).toBe(data)
  expect(mail.parsed.text?.length).toBeLessThan(16 * 1024)
  expect(String(mail.parsed.html).length).toBeLessThan(24 * 1024)
})

test.each([
  ['Group: a@example.org', '"Group: a"@example.org', '"Group: a@example.org"'],
  ['"a, b"@example.org', '"a, b"@example.org', '"\\"a, b\\"@example.org"'],
  ['jürgen@example.org', 'jürgen@example.org', '=?UTF-8?Q?j=C3=BCrgen=40example=2Eorg?='],
  ['jdoe@exämple.org', 'jdoe@xn--exmple-cua.org', '=?UTF-8?Q?jdoe=40ex=C3=A4mple=2Eorg?='],
  ["o'brien+tag@example.org", "o'brien+tag@example.org", '"o\'brien+tag@example.org"'],
])('the address %s is one recipient, %s, of that name', async (address, recipient, name) => {
  const scripted = await startScriptedMailServer({ answers: { EHLO: '250-scripted\r\n250 SMTPUTF8' } })
  const toScripted = createTestSmtpSender(scripted)
  expect(await toScripted.post({ address })).toMatchObject({ kind: 'accepted' })
  expect(scripted.lines.filter((line) => line.startsWith('RCPT'))).toEqual([`RCPT TO:<${recipient}>`])
  expect(
    (await composeMail(mailOf(testNotification({ address }), { address, from: TEST_FROM }))).raw.toString(),
  ).toContain(`\r\nTo: ${name} <${recipient}>\r\n`)
  await toScripted.close()
  await scripted.close()
})

test.each([
  'a@example.org, b@example.org',
  'a@example.org;b@example.org',
  'a\r\nRCPT TO:<victim@example.org>@example.org',
  'Jane <jane@example.org>',
  'a\0@example.org',
  'nobody',
  `${'x'.repeat(400)}@example.org`,
])('nothing is sent to %j', async (address) => {
  expect(await sender.post({ address })).toEqual({ kind: 'unbuildable', reason: 'bad_address' })
  expect(server.asked).toEqual([])
})
