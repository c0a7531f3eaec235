/**
 * Why an event does not match a subscription, or that nobody can say it any more: the filters in force at the dispatch
 * are not known, or they would have matched.
 */
export type WhyNot =
  | 'tenant'
  | 'created_later'
  | 'ended'
  | 'disabled'
  | 'expired'
  | 'type_service'
  | 'type_category'
  | 'type_detail'
  | 'subject_case'
  | 'subject'
  | 'not_known'

/** Three sections: service, category, detail. */
export type TypeSections = readonly [string, string, string]

/** What of an event decides. Instants here are ISO texts in UTC with six digits, so they compare as texts. */
export interface EventToMatch {
  readonly tenant: string
  readonly type: TypeSections
  /** Null when absent, or longer than a filter can be. */
  readonly subject: string | null
  readonly received: string
}

/** What of a subscription decides, and may change. */
export interface FilterVersion {
  /** Sections may be `*`. */
  readonly type: TypeSections
  readonly subjectFilter: string
  readonly isEnabled: boolean
  /** Null: never. */
  readonly expiry: string | null
}

/** Of a subscription, what happens once. */
export interface SubscriptionLife {
  readonly tenant: string
  readonly created: string
  readonly ended: string | null
  readonly endReason: string | null
}

/**
 * Returns everything that keeps an event from matching at this moment, as `dispatch_records` matches
 * (migrations/0005_lanes_in_memory.sql): none means that it matches. A subscription that has ended by its expiry still
 * matches what was received before.
 */
export function whyNot(
  event: EventToMatch,
  { tenant, created, ended, endReason }: SubscriptionLife,
  version: FilterVersion,
  at: string,
): readonly WhyNot[] {
  const received = event.received < at ? event.received : at // a clock may have been set back
  const [service, category, detail] = event.type
  const [ofService, ofCategory, ofDetail] = version.type
  const { subjectFilter, isEnabled, expiry } = version
  const isWrong: readonly (readonly [WhyNot, boolean])[] = [
    ['tenant', tenant !== event.tenant],
    ['created_later', created > at],
    ['ended', ended !== null && ended <= at && endReason !== 'expired'],
    ['disabled', !isEnabled],
    ['expired', expiry !== null && expiry <= received],
    ['type_service', differs(ofService, service)],
    ['type_category', differs(ofCategory, category)],
    ['type_detail', differs(ofDetail, detail)],
    [
      event.subject !== null && isSameInAnyCase(subjectFilter, event.subject) ? 'subject_case' : 'subject',
      subjectFilter !== '*' && subjectFilter !== event.subject,
    ],
  ]
  return isWrong.filter(([, isSo]) => isSo).map(([reason]) => reason)
}

const differs = (filter: string, section: string) => filter !== '*' && filter !== section

const isSameInAnyCase = (filter: string, subject: string) => filter.toLowerCase() === subject.toLowerCase()

export interface KnownVersions {
  /** The last one that was written before the dispatch; null: none is known from so long ago. */
  readonly inForce: FilterVersion | null
  /** The one before that. A change that was committed during the dispatch was not in force yet. */
  readonly before: FilterVersion | null
}

export interface Unnotified {
  readonly reasons: readonly WhyNot[]
  /** That the reasons speak of; null: none is known. */
  readonly version: FilterVersion | null
}

/**
 * Returns why a subscription got no notification of an event that was dispatched at this moment; null: the moment is
 * not known. That it got none is certain, so where the versions say otherwise nobody knows.
 */
export function whyNotNotified(
  event: EventToMatch,
  life: SubscriptionLife,
  { inForce, before }: KnownVersions,
  at: string | null,
): Unnotified {
  if (at === null) return { reasons: ['not_known'], version: inForce }
  for (const version of [inForce, before]) {
    const reasons = version === null ? [] : whyNot(event, life, version, at)
    if (reasons.length > 0) return { reasons, version }
  }
  return { reasons: [life.created > at ? 'created_later' : 'not_known'], version: inForce }
}
