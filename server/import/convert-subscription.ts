import { MAX_CALLER_NAME } from '@tidings/contract/caller-name.ts'
import { NewSubscription, type DeliveryTarget } from '@tidings/contract/subscription.ts'
import { createValidator, type ValidationResult } from '@tidings/contract/validate.ts'
import { Type } from 'typebox'
import { sanitize } from '../runtime/display-text.ts'
import { distinctTargets, withoutDuplicates } from '../subscriptions/distinct-targets.ts'
import { subscriptionViolations } from '../subscriptions/subscription-rules.ts'
import { importOutcome, type ImportOutcome } from './import-outcome.ts'
import type { SourceRow } from './source-row.ts'

/** A subscription that may be written as it is. */
export interface CheckedRow {
  readonly row: SourceRow
  /** No two alike. */
  readonly targets: readonly DeliveryTarget[]
}

export type Conversion =
  { readonly kind: 'take'; readonly checked: CheckedRow } | { readonly kind: 'leave'; readonly outcome: ImportOutcome }

/** Type filter of the original's own subscriptions: its test sequences and its readiness check call it back. */
const TEST_TYPE_FILTER = 'notifications.test.*'
const NOT_BLANK = '\\S'
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
/** PostgreSQL's text of a timestamptz in UTC. Neither `infinity` nor a year of five digits has a form in responses. */
const INSTANT = '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?\\+00$'

/** The members that a creation takes from the token and from the clock. */
const Stored = Type.Object({
  tenant: Type.String({ pattern: NOT_BLANK, maxLength: MAX_CALLER_NAME }),
  owner: Type.String({ pattern: NOT_BLANK }),
  name: Type.String(),
  uuid: Type.String({ pattern: UUID }),
  expiry: Type.Union([Type.String({ pattern: INSTANT }), Type.Null()]),
  created: Type.String({ pattern: INSTANT }),
  updated: Type.String({ pattern: INSTANT }),
})

/**
 * Returns a function that decides whether a subscription is copied. One that could not be created over the API
 * (protocol 3.2) is not, and the reason names everything that is wrong with it.
 */
export function createConversion(): (row: SourceRow) => Conversion {
  const checkStored = createValidator(Stored)
  const checkNew = createValidator(NewSubscription)

  return (row) => {
    if (row.typeFilter === TEST_TYPE_FILTER) return leave(importOutcome('test'))
    if (row.isExpired) return leave(importOutcome('expired'))
    const { name, description, owner, enabled, typeFilter, subjectFilter, ttlMinutes } = row
    // The original drops the domain of a target, so it stores two targets that differ in the domain only. A creation
    // here makes one of them.
    const deliveryTargets = Array.isArray(row.deliveryTargets)
      ? withoutDuplicates(row.deliveryTargets)
      : row.deliveryTargets
    const members = { name, description, owner, enabled, typeFilter, subjectFilter, ttlMinutes, deliveryTargets }
    const checked = checkNew(members)
    const violations = [
      ...violationsOf(checkStored(row)),
      ...violationsOf(checked),
      ...subscriptionViolations(members).map(({ text }) => text),
      ...sourceViolations(row),
    ]
    if (violations.length > 0) return leave(importOutcome('invalid', [...new Set(violations)].map(sanitize).join('; ')))
    if (checked.kind === 'invalid') throw new Error('A row was found invalid without a violation')
    return { kind: 'take', checked: { row, targets: distinctTargets(checked.value.deliveryTargets) } }
  }
}

const leave = (left: ImportOutcome): Conversion => ({ kind: 'leave', outcome: left })

const violationsOf = (checked: ValidationResult<unknown>): readonly string[] =>
  checked.kind === 'invalid' ? checked.violations : []

function sourceViolations({ sharesUuid, typeFilter, typeSections, deliveryTargets }: SourceRow): string[] {
  return [
    ...(deliveryTargets === null ? ['they are missing, or larger than a request can be (1 MiB)'] : []),
    ...(sharesUuid ? ['/uuid is also that of another subscription of the source'] : []),
    ...(typeSections.join('.') === typeFilter
      ? []
      : ['/typeFilter differs from type_filter1 to type_filter3, which the source matches by']),
  ]
}
