import type { ErrorCode } from '../errors.ts'
import { subscriptionViolations, targetCountViolations } from '../../subscriptions/subscription-rules.ts'
import { schemaViolation, type Violation } from '../violations.ts'

export interface RuleOptions {
  /** Targets that a subscription may have. */
  readonly maxTargets: number
  /** Of a broken rule; what a schema could say has the code of schemas. */
  readonly code: ErrorCode
}

/** Returns what is wrong with the members of a subscription beyond the schema, in the order of the report. */
export const ruleViolations = (
  members: Readonly<Record<string, unknown>>,
  { maxTargets, code }: RuleOptions,
): Violation[] =>
  [...subscriptionViolations(members), ...targetCountViolations(members, maxTargets)].map(({ kind, text }) =>
    kind === 'form' ? schemaViolation(text) : { code, text },
  )
