import type { MailSender } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { SendResult } from '../send-result.ts'
import type { Sender, SendRequest } from '../sender.ts'
import { guarded } from './guarded.ts'
import { mailOf } from './mail.ts'
import { cut } from './printable.ts'

/** Of a mail's text in a line of the log. */
const MOST_LOGGED = 4096

export interface UnsentSenderParts {
  readonly provider: 'LOG' | 'NONE'
  readonly from: MailSender
  readonly log: Log
}

/**
 * The two providers that send nothing (contract 6.9): LOG writes each mail to the log, NONE drops it. Notifications count
 * as delivered all the same, as in the original, which the log says once at the start and LOG with each mail.
 */
export function createUnsentSender({ provider, from, log }: UnsentSenderParts): Sender {
  log.warn({ provider }, 'no e-mail is sent: notifications by e-mail count as delivered although nobody gets them; TAPIS_MAIL_PROVIDER=SMTP sends them')

  function write(body: Buffer, address: string): void {
    const { headers, messageId, date, subject, to, text } = mailOf(body, { address, from })
    log.info({ headers: { ...headers, 'Message-ID': messageId, Date: date.toUTCString() }, to, from, subject, text: cut(text, MOST_LOGGED) }, 'e-mail not sent, only logged')
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
  async function attempt({ address, body, signal, maySend }: SendRequest): Promise<SendResult> {
    if (signal.aborted) return { kind: 'aborted', wasWritten: false }
    if (!maySend()) return { kind: 'not_sent' }
    if (provider === 'LOG') write(body, address)
    return { kind: 'accepted', durationMs: 0 }
  }

  return { send: guarded(attempt, log), close: () => Promise.resolve() }
}
