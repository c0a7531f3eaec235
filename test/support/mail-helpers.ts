import type { TestApp } from './test-app.ts'
import type { TestMailServer } from './mail-server.ts'
import type { ReceivedMail } from './received-mail.ts'

/** What sends the mails of a service to this server. */
export const mailEnv = ({ port }: Pick<TestMailServer, 'port'>) => ({
  TAPIS_MAIL_PROVIDER: 'SMTP',
  TAPIS_SMTP_HOST: '127.0.0.1',
  TAPIS_SMTP_PORT: String(port),
})

/** Subscribes an address to a subject. Returns the name of the subscription. */
export const subscribeMail = (
  app: TestApp,
  address: string,
  subscription: { readonly subjectFilter: string; readonly [member: string]: unknown },
) =>
  app.subscribe({
    addresses: [],
    deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: address }],
    ...subscription,
  })

/** Nobody else's, so that tests which share a server do not read each other's mail. */
export const addressOf = (subject: string) => `${subject}@example.org`

export const mailsTo = ({ accepted }: Pick<TestMailServer, 'accepted'>, address: string): ReceivedMail[] =>
  accepted.filter(({ recipients }) => recipients.includes(address))
