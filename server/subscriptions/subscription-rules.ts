import { isObject } from '@tidings/contract/is-object.ts'
import { unstorableReason } from '../db/storable-text.ts'
import { addressViolation } from './delivery-address-rules.ts'
import { withoutDuplicates } from './distinct-targets.ts'

type Members = Readonly<Record<string, unknown>>

/** One thing that is wrong with a subscription. */
export interface SubscriptionViolation {
  /** `form`: what a JSON schema could say. `rule`: what only this service knows. */
  readonly kind: 'form' | 'rule'
  /** Begins with the place, as a JSON pointer. */
  readonly text: string
}

/**
 * Returns what is wrong with the members of a subscription, new or changed, beyond what the schema of a request checks.
 * Members of a wrong type are skipped: the schema reports them.
 */
export function subscriptionViolations(members: Members): SubscriptionViolation[] {
  const targets: readonly unknown[] = Array.isArray(members.deliveryTargets) ? members.deliveryTargets : []
  const broken = [...textViolations(members), ...targets.flatMap(targetViolations)]
  return [...duplicateTargetViolations(targets), ...broken.map(brokenRule)]
}

/** Reports more than `maxTargets` targets; those that differ in their domain only count once. Not for imports. */
export function targetCountViolations({ deliveryTargets }: Members, maxTargets: number): SubscriptionViolation[] {
  if (!Array.isArray(deliveryTargets)) return []
  const count = withoutDuplicates(deliveryTargets).length
  if (count <= maxTargets) return []
  return [
    brokenRule(
      `/deliveryTargets has ${count} different targets, at most ${maxTargets} are allowed (TIDINGS_MAX_TARGETS)`,
    ),
  ]
}

const brokenRule = (text: string): SubscriptionViolation => ({ kind: 'rule', text })

/** Checks uniqueItems of JSON schema: no two targets alike in all their members. */
function duplicateTargetViolations(targets: readonly unknown[]): SubscriptionViolation[] {
  const flat = targets
    .filter(isObject)
    .filter((target) => Object.values(target).every((value) => typeof value === 'string' || value === null))
  const keys = new Set(flat.map((target) => JSON.stringify(Object.entries(target).sort())))
  return keys.size === flat.length ? [] : [{ kind: 'form', text: '/deliveryTargets must not have the same item twice' }]
}

function textViolations(members: Members): string[] {
  return ['description', 'owner', 'subjectFilter'].flatMap((name) => {
    const value = members[name]
    const violation = typeof value === 'string' ? unstorableReason(value) : undefined
    return violation === undefined ? [] : [`/${name} ${violation}`]
  })
}

function targetViolations(target: unknown, index: number): string[] {
  if (!isObject(target)) return []
  const { deliveryMethod, deliveryAddress } = target
  if (typeof deliveryMethod !== 'string' || typeof deliveryAddress !== 'string') return []
  const violation = addressViolation(deliveryMethod, deliveryAddress)
  return violation === undefined ? [] : [`/deliveryTargets/${index}/deliveryAddress ${violation}: ${deliveryAddress}`]
}
