/** A lane is one delivery target of a subscription and one series (or one event outside a series). */
export interface LaneKey {
  readonly targetId: number
  readonly laneSeries: string
}

/**
 * How notifications go out. Each method has its own slots and its own turns, so that a slow one causes no head-of-line
 * blocking for the other.
 */
export type DeliveryMethod = 'WEBHOOK' | 'EMAIL'

/** An address in a partition: where cold lanes are looked for. */
export interface Pair {
  readonly partition: number
  readonly addressKey: string
}

export const pairKey = ({ partition, addressKey }: Pair) => `${partition} ${addressKey}`
