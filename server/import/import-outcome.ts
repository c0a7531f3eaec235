/**
 * What can become of a subscription of the source, with its column in the report. Failures need a person.
 */
export const OUTCOMES = {
  copied: { title: 'copied', isFailure: false },
  already_there: { title: 'already there', isFailure: false },
  ended_here: { title: 'ended here', isFailure: false },
  expired: { title: 'expired', isFailure: false },
  test: { title: 'test', isFailure: false },
  invalid: { title: 'invalid', isFailure: true },
  name_taken: { title: 'name taken', isFailure: true },
  uuid_taken: { title: 'uuid taken', isFailure: true },
} as const

export type OutcomeKind = keyof typeof OUTCOMES

export interface ImportOutcome {
  readonly kind: OutcomeKind
  /** One line, safe to print. */
  readonly reason: string
}

export const importOutcome = (kind: OutcomeKind, reason = REASONS[kind]): ImportOutcome => ({ kind, reason })

const REASONS: Readonly<Record<OutcomeKind, string>> = {
  copied: '',
  already_there: 'was copied before',
  ended_here: 'was copied before and has ended here since; it does not come back',
  expired: 'it had expired in the source',
  test: 'belongs to a test sequence of the source',
  invalid: '',
  name_taken: 'another active subscription of this owner has the name',
  uuid_taken: 'another subscription has the uuid',
}
