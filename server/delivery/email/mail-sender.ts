import type { MailConfig } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import type { Resolve } from '../names/resolve.ts'
import type { Sender } from '../sender.ts'
import type { GroupLimits } from '../grouped-slots.ts'
import type { SlotLimits } from '../slots.ts'
import { domainOf } from './mail-address.ts'
import { createSmtpSender } from './smtp-sender.ts'
import { createLogSender } from './log-sender.ts'

/**
 * Connections to the mail server, in all and per recipient domain. A mail may wait 10 minutes for the final reply, so a
 * domain of which nothing is known yet, or that was slow the last time, gets fewer than a prompt one, and the slow ones
 * share half of them.
 */
export const MAIL_SLOTS: SlotLimits & { readonly groups: GroupLimits } = {
  inAll: 20,
  perAddress: 2,
  groups: { groupOf: domainOf, perGroup: 10, perUnproven: 5, slow: 10, reserved: 4 },
}

/** Creates the e-mail sender of the configured provider (Tapis Notifications 1.6.2, TAPIS_MAIL_PROVIDER). */
export const createMailSender = ({
  mail,
  resolve,
  log,
}: {
  readonly mail: MailConfig
  readonly resolve: Resolve
  readonly log: Log
}): Sender =>
  mail.provider === 'SMTP'
    ? createSmtpSender({ server: mail.server, from: mail.from, resolve, log })
    : createLogSender({ provider: mail.provider, from: mail.from, log })
