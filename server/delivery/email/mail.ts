import type { MailSender } from '../../config/config.ts'
import { mailSummaryOf } from './mail-summary.ts'
import { htmlPart } from './html-part.ts'
import { readNotification } from './notification-content.ts'
import { subjectLine } from './subject-line.ts'
import { textPart } from './text-part.ts'

/**
 * A mail before MIME encoding. It is the same at every attempt at a notification: nothing in it depends on the clock.
 */
export interface Mail {
  /** Derived from the notification, so that a duplicate can be recognized. With angle brackets. */
  readonly messageId: string
  /** When the notification was created. */
  readonly date: Date
  readonly from: MailSender
  /** The one recipient. */
  readonly to: MailSender
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly html: string
  /** Content of `notification.json`: byte for byte what a webhook would get. */
  readonly json: Buffer
  /** MIME boundary. It cannot occur in the event, whose text is older than the notification. */
  readonly boundary: string
}

/** Marks the mail as automatic, so that no machine replies (RFC 3834 5; the second is Microsoft Exchange's header). */
const HEADERS = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' }

/** Returns the mail for a notification. Pure. Throws if `body` is not a notification. */
export function mailOf(body: Buffer, { address, from }: { readonly address: string; readonly from: MailSender }): Mail {
  const notification = readNotification(body)
  const summary = mailSummaryOf(notification)
  return {
    messageId: `<${notification.uuid}@${domainOf(from.address)}>`,
    date: new Date(notification.created),
    from,
    // An object, because a string would be parsed, possibly as a list. The name is the address (protocol 6.8).
    to: { name: address, address },
    subject: subjectLine(notification.event),
    headers: HEADERS,
    text: textPart(summary),
    html: htmlPart(summary),
    json: body,
    boundary: notification.uuid,
  }
}

/** Returns what follows the last @, if it is valid in a Message-ID (RFC 5322 3.6.4). */
function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(domain) ? domain : 'localhost'
}
