/** What can become of a subscription of the source, with its column in the report. Those that are faults need a person. */
export const OUTCOMES = {
  copied: { title: 'copied', isFault: false },
  already_there: { title: 'already there', isFault: false },
  ended_here: { title: 'ended here', isFault: false },
  expired: { title: 'expired', isFault: false },
  test: { title: 'test', isFault: false },
  invalid: { title: 'invalid', isFault: true },
  name_taken: { title: 'name taken', isFault: true },
  uuid_taken: { title: 'uuid taken', isFault: true },
} as const

export type OutcomeKind = keyof typeof OUTCOMES

export interface Outcome {
  readonly kind: OutcomeKind
  /** One line, fit to be shown. */
  readonly reason: string
}

export const outcome = (kind: OutcomeKind, reason = REASONS[kind]): Outcome => ({ kind, reason })

const REASONS: Readonly<Record<OutcomeKind, string>> = {
  copied: '',
  already_there: 'was copied before',
  ended_here: 'was copied before and has ended here since; it does not come back',
  expired: 'its time was over in the source',
  test: 'belongs to a test sequence of the source',
  invalid: '',
  name_taken: 'another living subscription of this owner has the name',
  uuid_taken: 'another subscription has the uuid',
}
