import type { Lane, Waiting } from './lane-model.ts'
import type { FinalSettlement } from './settlement.ts'

/** Returns the outcome of a notification that is not sent, because its subscription was deleted. */
export const cancellationOf = (lane: Lane, { position }: Waiting): FinalSettlement => ({
  targetId: lane.targetId,
  laneSeries: lane.laneSeries,
  partition: lane.home.partition,
  position,
  attempts: lane.attempts,
  kind: 'cancelled',
  httpStatus: null,
  reason: null,
  durationMs: 0,
  delayMs: 0,
  askedMs: 0,
})
