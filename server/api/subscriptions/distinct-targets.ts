import type { DeliveryTarget, NewDeliveryTarget } from '@tidings/contract/subscription.ts'
import { isObject } from '../json-body.ts'

/** Without their domains, and no two alike. */
export const distinctTargets = (targets: readonly NewDeliveryTarget[]): DeliveryTarget[] =>
  withoutRepetition(targets).map(({ deliveryMethod, deliveryAddress }) => ({ deliveryMethod, deliveryAddress }))

/** Of those that differ in their domain only, the first. No schema need have seen them: what is no target stays. */
export function withoutRepetition<T>(targets: readonly T[]): T[] {
  const distinct = new Map<unknown, T>()
  for (const target of targets) {
    const key = isObject(target) ? `${String(target.deliveryMethod)} ${String(target.deliveryAddress)}` : target
    if (!distinct.has(key)) distinct.set(key, target)
  }
  return [...distinct.values()]
}
