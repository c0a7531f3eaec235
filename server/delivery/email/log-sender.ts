import type { MailSender } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import type { SendResult } from '../send-result.ts'
import type { Sender, SendRequest } from '../sender.ts'
import { neverRejecting } from './never-rejecting.ts'
import { mailOf } from './mail.ts'
import { truncate } from './printable.ts'

/** Characters of a mail's text in a log line. */
const MAX_LOGGED_LENGTH = 4096

export interface LogSenderDeps {
  readonly provider: 'LOG' | 'NONE'
  readonly from: MailSender
  readonly log: Log
}

/**
 * Creates the sender of the two providers that send nothing (protocol 6.9): LOG writes each mail to the log, NONE drops
 * it. Notifications count as delivered, as in the original service; the log says so once at the start, and with LOG at
 * each mail.
 */
export function createLogSender({ provider, from, log }: LogSenderDeps): Sender {
  log.warn(
    { provider },
    'no e-mail is sent: notifications by e-mail count as delivered although nobody receives them; ' +
      'TAPIS_MAIL_PROVIDER=SMTP sends them',
  )

  function write(body: Buffer, address: string): void {
    const { headers, messageId, date, subject, to, text } = mailOf(body, { address, from })
    log.info(
      {
        headers: { ...headers, 'Message-ID': messageId, Date: date.toUTCString() },
        to,
        from,
        subject,
        text: truncate(text, MAX_LOGGED_LENGTH),
      },
      'e-mail not sent, only logged',
    )
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- an exception has to become a rejection
  async function attempt({ address, body, signal, maySend }: SendRequest): Promise<SendResult> {
    if (signal.aborted) return { kind: 'aborted', wasWritten: false }
    if (!maySend()) return { kind: 'not_sent' }
    if (provider === 'LOG') write(body, address)
    return { kind: 'accepted', durationMs: 0 }
  }

  return { send: neverRejecting(attempt, log), close: () => Promise.resolve() }
}
