import { simpleParser, type ParsedMail } from 'mailparser'
import type { NotificationBody } from '@tidings/harness/received.ts'
import type { SMTPServerSession } from 'smtp-server'

/** A mail as a server got it. */
export interface ReceivedMail {
  /** The envelope: who it goes to, whatever its headers say. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly isEncrypted: boolean
  /** Counts the connections; equal for two mails over one. */
  readonly connection: string
  readonly raw: Buffer
  readonly parsed: ParsedMail
  /** Each header line, unfolded. */
  readonly headerLines: readonly string[]
  /** The bytes of `notification.json`. */
  readonly json: Buffer
  /** The same, parsed. */
  readonly notification: NotificationBody
}

export async function readMail(raw: Buffer, session: SMTPServerSession): Promise<ReceivedMail> {
  const parsed = await simpleParser(raw)
  const json = parsed.attachments.find(({ filename }) => filename === 'notification.json')?.content
  if (!json) throw new Error('a mail without notification.json')
  return {
    sender: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
    recipients: session.envelope.rcptTo.map(({ address }) => address),
    isEncrypted: session.secure,
    connection: session.id,
    raw,
    parsed,
    headerLines: raw
      .subarray(0, raw.indexOf('\r\n\r\n'))
      .toString()
      .replace(/\r\n(?=[ \t])/g, '')
      .split('\r\n'),
    json,
    notification: JSON.parse(json.toString()) as NotificationBody,
  }
}

/** `data` of each mail's event. */
export const mailedData = (mails: readonly ReceivedMail[]) => mails.map(({ notification }) => notification.event.data)
