import { addressFault } from './delivery-address.ts'
import { isObject } from './json-body.ts'
import { schemaFault, type Fault } from './refusal.ts'
import { storageFault } from './storable-text.ts'

type Members = Readonly<Record<string, unknown>>

/** What no schema says about a new subscription. Members of a wrong type are passed over: the schema has named them. */
export function subscriptionFaults(members: Members): Fault[] {
  const targets: readonly unknown[] = Array.isArray(members.deliveryTargets) ? members.deliveryTargets : []
  return [...repeatedTargets(targets), ...textFaults(members), ...targets.flatMap(targetFaults)]
}

/** JSON schema's uniqueItems: no two targets alike in all their members. */
function repeatedTargets(targets: readonly unknown[]): Fault[] {
  const flat = targets.filter(isObject).filter((target) => Object.values(target).every((value) => typeof value === 'string' || value === null))
  const keys = new Set(flat.map((target) => JSON.stringify(Object.entries(target).sort())))
  return keys.size === flat.length ? [] : [schemaFault('/deliveryTargets must not have the same item twice')]
}

function textFaults(members: Members): Fault[] {
  return ['description', 'owner', 'subjectFilter'].flatMap((name) => {
    const value = members[name]
    const fault = typeof value === 'string' ? storageFault(value) : undefined
    return fault === undefined ? [] : [rule(`/${name} ${fault}`)]
  })
}

function targetFaults(target: unknown, index: number): Fault[] {
  if (!isObject(target)) return []
  const { deliveryMethod, deliveryAddress } = target
  if (typeof deliveryMethod !== 'string' || typeof deliveryAddress !== 'string') return []
  const fault = addressFault(deliveryMethod, deliveryAddress)
  return fault === undefined ? [] : [rule(`/deliveryTargets/${index}/deliveryAddress ${fault}: ${deliveryAddress}`)]
}

const rule = (text: string): Fault => ({ code: 'NTFAPI_CREATE_INVALID_ERRORLIST', text })
