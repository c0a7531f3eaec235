import { randomUUID } from 'node:crypto'
import { eventText, withSeqCount, type EventFields } from '@tidings/contract/event-text.ts'
import type { MailServer } from '@tidings/server/config/config.ts'
import { createSmtpSender, type SmtpSenderDeps } from '@tidings/server/delivery/email/smtp-sender.ts'
import { SMTP_LIMITS, type SmtpLimits } from '@tidings/server/delivery/email/smtp-limits.ts'
import { notificationText } from '@tidings/server/delivery/notification-text.ts'
import { createNameResolver } from '@tidings/server/delivery/names/resolve.ts'
import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import type { Sender, SendRequest } from '@tidings/server/delivery/sender.ts'
import { createLog } from '@tidings/server/log.ts'

export interface TestMailSender extends Sender {
  /** Sends an event of a job unless the options say otherwise. */
  post(options?: Partial<SendRequest> & { readonly event?: Partial<EventFields> }): Promise<SendResult>
}

export const TEST_RECIPIENT = 'someone@example.org'
export const TEST_FROM = { name: 'Tapis Notifications Service', address: 'no-reply@tapis.example' }

const SHORT = {
  connectMs: 2000,
  tlsMs: 2000,
  greetingMs: 2000,
  commandMs: 5000,
  dataMs: 5000,
  blockMs: 5000,
  finalMs: 5000,
  untilFinalMs: 5000,
}

/** A real sender to a server on this machine, with short limits. */
export function createTestSmtpSender(
  server: Partial<MailServer> & { readonly port: number },
  { limits, ...deps }: Partial<Omit<SmtpSenderDeps, 'limits'>> & { limits?: Partial<SmtpLimits> } = {},
): TestMailSender {
  const log = createLog({ level: 'silent', isTerminal: false })
  const { resolve } = createNameResolver({ maxNames: 10, timeoutMs: 5000, log })
  const sender = createSmtpSender({
    server: { host: '127.0.0.1', security: 'none', login: undefined, ...server },
    from: TEST_FROM,
    resolve,
    log,
    ...deps,
    limits: { ...SMTP_LIMITS, ...SHORT, ...limits },
  })
  return {
    ...sender,
    post({ event, ...options } = {}) {
      const uuid = options.uuid ?? randomUUID()
      const address = options.address ?? TEST_RECIPIENT
      return sender.send({
        uuid,
        tenant: 'dev',
        address,
        body: testNotification({ uuid, address, ...(event && { event }) }),
        signal: new AbortController().signal,
        maySend: () => true,
        renew: () => Promise.resolve(),
        ...options,
      })
    },
  }
}

/** The notification that a mail is made of. */
export function testNotification({
  uuid = randomUUID(),
  address = TEST_RECIPIENT,
  event = {},
}: { uuid?: string; address?: string; event?: Partial<EventFields> } = {}): Buffer {
  const { text, seqOffset } = eventText({
    source: 'https://tapis.io/jobs',
    type: 'jobs.JOB_NEW_STATUS.RUNNING',
    subject: 'job-7',
    seriesId: 'job-7',
    data: '{"jobName":"hello","newJobStatus":"RUNNING","message":"It runs."}',
    timestamp: '2026-11-23T10:00:00Z',
    deleteSubscriptionsMatchingSubject: false,
    endSeries: false,
    tenant: 'dev',
    user: 'jobs',
    received: '2026-11-23T10:00:01Z',
    uuid: randomUUID(),
    ...event,
  })
  return Buffer.from(
    notificationText({
      uuid,
      tenant: 'dev',
      subscriptionName: 'jobs~jdoe~dev~ALL~abcd',
      eventUuid: randomUUID(),
      eventText: withSeqCount(text, seqOffset, 6),
      deliveryMethod: 'EMAIL',
      deliveryAddress: address,
      created: '2026-11-23T10:00:02.123456Z',
    }),
  )
}
