import type { MailConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Resolve } from '../resolve.ts'
import type { Sender } from '../sender.ts'
import type { SlotLimits } from '../slots.ts'
import { SMTP_LIMITS } from './smtp-pool.ts'
import { createSmtpSender } from './smtp-sender.ts'
import { createUnsentSender } from './unsent-sender.ts'

/** As many mails at a time as there are connections, so that none waits for one while its claim grows old. */
export const MAIL_SLOTS: SlotLimits = { inAll: SMTP_LIMITS.connections, perAddress: 2 }

/** Sends e-mail by the provider that is configured (Tapis Notifications 1.6.2, TAPIS_MAIL_PROVIDER). */
export const createMailSender = ({ mail, resolve, log }: { readonly mail: MailConfig; readonly resolve: Resolve; readonly log: Log }): Sender =>
  mail.provider === 'SMTP' ? createSmtpSender({ server: mail.server, from: mail.from, resolve, log }) : createUnsentSender({ provider: mail.provider, from: mail.from, log })
