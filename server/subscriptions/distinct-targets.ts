import type { DeliveryTarget, NewDeliveryTarget } from '@tidings/contract/subscription.ts'
import { isObject } from '@tidings/contract/is-object.ts'

/** Returns the targets without their domains, no two alike. */
export const distinctTargets = (targets: readonly NewDeliveryTarget[]): DeliveryTarget[] =>
  withoutDuplicates(targets).map(({ deliveryMethod, deliveryAddress }) => ({ deliveryMethod, deliveryAddress }))

/**
 * Returns the first of each group of targets that differ in their domain only. Works before any schema check: a value
 * that is not a target stays.
 */
export function withoutDuplicates<T>(targets: readonly T[]): T[] {
  const distinct = new Map<unknown, T>()
  for (const target of targets) {
    const key = isObject(target) ? `${String(target.deliveryMethod)} ${String(target.deliveryAddress)}` : target
    if (!distinct.has(key)) distinct.set(key, target)
  }
  return [...distinct.values()]
}
