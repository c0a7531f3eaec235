import { parseWebAddress } from '@tidings/contract/delivery-address.ts'
import { DEFAULT_TTL_MINUTES, type DeliveryTarget } from '@tidings/contract/subscription.ts'

/** What this installation, as it is configured now, does not deliver. */
export interface DeliveryReach {
  /**
   * Returns a word for the range of an address to which nothing is sent; undefined for names, which are checked when
   * sending.
   */
  blockedRange(address: URL): string | undefined
  /** Mails are sent; otherwise they are only counted, or written to the log. */
  readonly sendsMail: boolean
}

/** Members of a subscription that were just written; undefined ones were left alone. */
export interface WrittenSubscription {
  readonly subjectFilter: string | undefined
  readonly targets: readonly DeliveryTarget[] | undefined
  /** The subscription got the default time to live. */
  readonly hasDefaultTtl: boolean
}

const MINUTES_A_DAY = 1440
const ANY = '*'
/** Names that never resolve (RFC 6761 §6.4). */
const UNRESOLVABLE = /(^|\.)invalid\.?$/

/**
 * Warns about what was done as asked, though its caller probably meant something else: for a header, never for the
 * envelope.
 */
export function subscriptionWarnings(
  { subjectFilter, targets = [], hasDefaultTtl }: WrittenSubscription,
  reach: DeliveryReach,
): string[] {
  return [
    ...(subjectFilter !== undefined && subjectFilter !== ANY && subjectFilter.includes(ANY)
      ? [
          '/subjectFilter: a * inside a filter is not a wildcard; it matches only a subject that has a * in the same ' +
            'place. Only the filter * by itself matches every subject.',
        ]
      : []),
    ...targets.flatMap((target, index) => targetWarnings(target, `/deliveryTargets/${index}/deliveryAddress`, reach)),
    ...(hasDefaultTtl
      ? [
          `/ttlMinutes: none was given, so this subscription expires after ${DEFAULT_TTL_MINUTES} minutes ` +
            `(${DEFAULT_TTL_MINUTES / MINUTES_A_DAY} days). With 0 it never expires; updateTTL changes that.`,
        ]
      : []),
  ]
}

function targetWarnings(
  { deliveryMethod, deliveryAddress }: DeliveryTarget,
  place: string,
  reach: DeliveryReach,
): string[] {
  if (deliveryMethod === 'EMAIL') {
    return reach.sendsMail
      ? []
      : [
          `${place}: this service sends no e-mail (TAPIS_MAIL_PROVIDER is not SMTP); ` +
            'its notifications count as delivered, but nobody receives them.',
        ]
  }
  const parsed = parseWebAddress(deliveryAddress)
  if (parsed.kind !== 'address') return []
  if (UNRESOLVABLE.test(parsed.url.hostname))
    return [
      `${place}: no host can have the name ${parsed.url.hostname} (RFC 6761). ` +
        'Notifications are retried and finally given up.',
    ]
  const range = reach.blockedRange(parsed.url)
  if (range === undefined) return []
  return [
    `${place}: ${parsed.url.hostname} is an address that this service does not send to (${range}). Notifications ` +
      'are retried and finally given up, unless the operator allows the address (TIDINGS_ALLOW_ADDRESSES).',
  ]
}
