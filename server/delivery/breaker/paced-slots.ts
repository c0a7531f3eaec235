import type { Slots } from '../slots.ts'
import type { Breakers } from './breakers.ts'

/** The slots, of which an address gets no more than its breaker has room for. */
export const createPacedSlots = (slots: Slots, breakers: Pick<Breakers, 'roomFor'>): Slots => ({
  take: slots.take,
  free: slots.free,
  usedBy: slots.usedBy,
  leftFor: (addressKey, dealt) =>
    Math.max(0, Math.min(slots.leftFor(addressKey, dealt), breakers.roomFor(addressKey) - (dealt?.here ?? 0))),
  admits: slots.admits,
  get leftInAll() {
    return slots.leftInAll
  },
})
