import type { MailSender } from '../../config.ts'
import { accountOf } from './account.ts'
import { htmlPart } from './html-part.ts'
import { readNotification } from './notification.ts'
import { subjectLine } from './subject-line.ts'
import { textPart } from './text-part.ts'

/** A mail before it is put into MIME. The same for every attempt at a notification: nothing in it asks the clock. */
export interface Mail {
  /** Of the notification, so a receiver that gets it twice can tell. With its angle brackets. */
  readonly messageId: string
  /** When the notification was made. */
  readonly date: Date
  readonly from: MailSender
  /** The one recipient. */
  readonly to: MailSender
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly html: string
  /** `notification.json`: byte for byte what a webhook would get. */
  readonly json: Buffer
  /** Tells this mail's parts apart from all text that was written before the notification existed. */
  readonly boundary: string
}

/** Written by a machine, so no machine should answer (RFC 3834 5; the second is Exchange's word for it). */
const HEADERS = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' }

/** The mail for a notification. Pure. Throws when `body` is no notification. */
export function mailOf(body: Buffer, { address, from }: { readonly address: string; readonly from: MailSender }): Mail {
  const notification = readNotification(body)
  const account = accountOf(notification)
  return {
    messageId: `<${notification.uuid}@${domainOf(from.address)}>`,
    date: new Date(notification.created),
    from,
    // Name and address as objects: a text would be parsed, and could turn out to be a list (contract 6.8: the name is the address).
    to: { name: address, address },
    subject: subjectLine(notification.event),
    headers: HEADERS,
    text: textPart(account),
    html: htmlPart(account),
    json: body,
    boundary: notification.uuid,
  }
}

/** What stands behind the last @ if a Message-ID can carry it (RFC 5322 3.6.4). */
function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(domain) ? domain : 'localhost'
}
