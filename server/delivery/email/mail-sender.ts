import type { MailConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Resolve } from '../resolve.ts'
import type { Sender } from '../sender.ts'
import type { GroupLimits } from '../grouped-slots.ts'
import type { SlotLimits } from '../slots.ts'
import { domainOf } from './address.ts'
import { createSmtpSender } from './smtp-sender.ts'
import { createUnsentSender } from './unsent-sender.ts'

/**
 * Connections to the mail server, so many in all and for each recipient domain. A mail may wait 10 minutes for its last
 * answer, so a domain of which nothing is known yet, or that was slow the last time, gets less than one that was prompt, and
 * the slow ones share a half.
 */
export const MAIL_SLOTS: SlotLimits & { readonly groups: GroupLimits } = {
  inAll: 20, perAddress: 2,
  groups: { groupOf: domainOf, perGroup: 10, perUnproven: 5, slow: 10, reserved: 4 },
}

/** Sends e-mail by the provider that is configured (Tapis Notifications 1.6.2, TAPIS_MAIL_PROVIDER). */
export const createMailSender = ({ mail, resolve, log }: { readonly mail: MailConfig; readonly resolve: Resolve; readonly log: Log }): Sender =>
  mail.provider === 'SMTP' ? createSmtpSender({ server: mail.server, from: mail.from, resolve, log }) : createUnsentSender({ provider: mail.provider, from: mail.from, log })
