import { readWebAddress } from '@tidings/contract/delivery-address.ts'
import { DEFAULT_TTL_MINUTES, type DeliveryTarget } from '@tidings/contract/subscription.ts'

/** What this installation, as it is configured now, does not deliver. */
export interface Reach {
  /** A word for the range of an address that is refused when sending; undefined for names, which are judged then. */
  refusedRange(address: URL): string | undefined
  /** Mails leave; otherwise they are only counted, or written to the log. */
  readonly sendsMail: boolean
}

/** Members of a subscription that were just written; what is undefined was left alone. */
export interface Written {
  readonly subjectFilter: string | undefined
  readonly targets: readonly DeliveryTarget[] | undefined
  /** The subscription got the time to live that is given when none is asked for. */
  readonly hasDefaultTtl: boolean
}

const MINUTES_A_DAY = 1440
const ANY = '*'
/** Names that are nobody's, for ever (RFC 6761 6.4). */
const NOWHERE = /(^|\.)invalid\.?$/

/** What was done as asked, though its caller probably meant something else: for the header, never for the envelope. */
export function subscriptionWarnings({ subjectFilter, targets = [], hasDefaultTtl }: Written, reach: Reach): string[] {
  return [
    ...(subjectFilter !== undefined && subjectFilter !== ANY && subjectFilter.includes(ANY)
      ? ['/subjectFilter: a * within it is no wildcard; it matches only a subject that has the same * in the same place. Only the filter * alone matches every subject.'] : []),
    ...targets.flatMap((target, index) => targetWarnings(target, `/deliveryTargets/${index}/deliveryAddress`, reach)),
    ...(hasDefaultTtl
      ? [`/ttlMinutes: none was given, so this subscription ends after ${DEFAULT_TTL_MINUTES} minutes (${DEFAULT_TTL_MINUTES / MINUTES_A_DAY} days). With 0 it never ends; updateTTL moves the end.`] : []),
  ]
}

function targetWarnings({ deliveryMethod, deliveryAddress }: DeliveryTarget, place: string, reach: Reach): string[] {
  if (deliveryMethod === 'EMAIL') {
    return reach.sendsMail ? [] : [`${place}: this service sends no e-mail (TAPIS_MAIL_PROVIDER is not SMTP); its notifications count as delivered, but nobody gets them.`]
  }
  const read = readWebAddress(deliveryAddress)
  if (read.kind !== 'address') return []
  if (NOWHERE.test(read.url.hostname)) return [`${place}: no host can have the name ${read.url.hostname} (RFC 6761). Notifications are tried again and given up in the end.`]
  const range = reach.refusedRange(read.url)
  if (range === undefined) return []
  return [`${place}: ${read.url.hostname} is an address to which this service sends nothing (${range}). Notifications are tried again and given up in the end, unless its operator allows the address (TIDINGS_ALLOW_ADDRESSES).`]
}
