import type { ErrorCode } from '../../errors.ts'
import { addressFault } from './delivery-address.ts'
import { withoutRepetition } from './distinct-targets.ts'
import { isObject } from '../json-body.ts'
import { schemaFault, type Fault } from '../refusal.ts'
import { storageFault } from '../../db/storable-text.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * What no schema says about the members of a subscription, new or changed; `code` is that of a broken rule. Members of a
 * wrong type are passed over: the schema has named them.
 */
export function subscriptionFaults(members: Members, code: ErrorCode = 'NTFAPI_CREATE_INVALID_ERRORLIST'): Fault[] {
  const targets: readonly unknown[] = Array.isArray(members.deliveryTargets) ? members.deliveryTargets : []
  const broken = [...textFaults(members), ...targets.flatMap(targetFaults)]
  return [...repeatedTargets(targets), ...broken.map((text) => ({ code, text }))]
}

/** More than `most`, those that differ in their domain only being one. Not of what is imported. */
export function tooManyTargets({ deliveryTargets }: Members, most: number, code: ErrorCode = 'NTFAPI_CREATE_INVALID_ERRORLIST'): Fault[] {
  if (!Array.isArray(deliveryTargets)) return []
  const count = withoutRepetition(deliveryTargets).length
  return count > most ? [{ code, text: `/deliveryTargets has ${count} different targets, at most ${most} are allowed (TIDINGS_MAX_TARGETS)` }] : []
}

/** JSON schema's uniqueItems: no two targets alike in all their members. */
function repeatedTargets(targets: readonly unknown[]): Fault[] {
  const flat = targets.filter(isObject).filter((target) => Object.values(target).every((value) => typeof value === 'string' || value === null))
  const keys = new Set(flat.map((target) => JSON.stringify(Object.entries(target).sort())))
  return keys.size === flat.length ? [] : [schemaFault('/deliveryTargets must not have the same item twice')]
}

function textFaults(members: Members): string[] {
  return ['description', 'owner', 'subjectFilter'].flatMap((name) => {
    const value = members[name]
    const fault = typeof value === 'string' ? storageFault(value) : undefined
    return fault === undefined ? [] : [`/${name} ${fault}`]
  })
}

function targetFaults(target: unknown, index: number): string[] {
  if (!isObject(target)) return []
  const { deliveryMethod, deliveryAddress } = target
  if (typeof deliveryMethod !== 'string' || typeof deliveryAddress !== 'string') return []
  const fault = addressFault(deliveryMethod, deliveryAddress)
  return fault === undefined ? [] : [`/deliveryTargets/${index}/deliveryAddress ${fault}: ${deliveryAddress}`]
}
