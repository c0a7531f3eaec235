import { NewSubscription, type DeliveryTarget } from '@tidings/contract/subscription.ts'
import { createCheck, type Checked } from '@tidings/contract/validate.ts'
import { Type } from 'typebox'
import { shown } from '../api/shown-text.ts'
import { distinctTargets, withoutRepetition } from '../api/subscriptions/distinct-targets.ts'
import { subscriptionFaults } from '../api/subscriptions/rules.ts'
import { outcome, type Outcome } from './outcome.ts'
import type { SourceRow } from './source-row.ts'

/** A subscription that may be written as it is. */
export interface CheckedRow {
  readonly row: SourceRow
  /** No two alike. */
  readonly targets: readonly DeliveryTarget[]
}

export type Verdict = { readonly kind: 'take'; readonly checked: CheckedRow } | { readonly kind: 'leave'; readonly outcome: Outcome }

/** The original's own subscriptions for test sequences and for its readiness check; their callbacks lead back to it. */
const TEST_TYPE_FILTER = 'notifications.test.*'
const MAX_TENANT = 250
const NOT_BLANK = '\\S'
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
/** PostgreSQL's text of a timestamptz with the time zone UTC; neither `infinity` nor a year of five digits can be shown. */
const INSTANT = '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?\\+00$'

/** What a creation takes from elsewhere: from the token, from the clock. */
const Stored = Type.Object({
  tenant: Type.String({ pattern: NOT_BLANK, maxLength: MAX_TENANT }),
  owner: Type.String({ pattern: NOT_BLANK }),
  name: Type.String(),
  uuid: Type.String({ pattern: UUID }),
  expiry: Type.Union([Type.String({ pattern: INSTANT }), Type.Null()]),
  created: Type.String({ pattern: INSTANT }),
  updated: Type.String({ pattern: INSTANT }),
})

/** Decides what is copied. What could not be created over the api (contract 3.2) is not, and the reason names every fault. */
export function createConversion(): (row: SourceRow) => Verdict {
  const checkStored = createCheck(Stored)
  const checkNew = createCheck(NewSubscription)

  return (row) => {
    if (row.typeFilter === TEST_TYPE_FILTER) return leave(outcome('test'))
    if (row.isExpired) return leave(outcome('expired'))
    const { name, description, owner, enabled, typeFilter, subjectFilter, ttlMinutes } = row
    // The original drops the domain of a target, so two that differed in it alone are stored twice. A creation here makes one of them.
    const deliveryTargets = Array.isArray(row.deliveryTargets) ? withoutRepetition(row.deliveryTargets) : row.deliveryTargets
    const members = { name, description, owner, enabled, typeFilter, subjectFilter, ttlMinutes, deliveryTargets }
    const checked = checkNew(members)
    const faults = [...faultsOf(checkStored(row)), ...faultsOf(checked), ...subscriptionFaults(members).map(({ text }) => text), ...sourceFaults(row)]
    if (faults.length > 0) return leave(outcome('invalid', [...new Set(faults)].map(shown).join('; ')))
    if (checked.kind === 'invalid') throw new Error('A row was found invalid without a fault')
    return { kind: 'take', checked: { row, targets: distinctTargets(checked.value.deliveryTargets) } }
  }
}

const leave = (left: Outcome): Verdict => ({ kind: 'leave', outcome: left })

const faultsOf = (checked: Checked<unknown>): readonly string[] => (checked.kind === 'invalid' ? checked.faults : [])

function sourceFaults({ sharesUuid, typeFilter, typeSections, deliveryTargets }: SourceRow): string[] {
  return [
    ...(deliveryTargets === null ? ['they are missing, or more than a request can hold (1 MiB)'] : []),
    ...(sharesUuid ? ['/uuid is also that of another subscription of the source'] : []),
    ...(typeSections.join('.') === typeFilter ? [] : ['/typeFilter differs from type_filter1 to type_filter3, which the source matches by']),
  ]
}
