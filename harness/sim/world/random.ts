/** Chance, determined by a seed. */
export interface Random {
  /** From 0 to below 1. */
  next(): number
  between(min: number, max: number): number
  /** A whole number from 0 to below `count`. */
  below(count: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** A generator of its own, so that what one part draws does not move what another one gets. */
  fork(): Random
}

/** mulberry32: 32 bits of state, good enough to choose interleavings, and fast. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  const below = (count: number) => Math.floor(next() * count)
  return {
    next,
    below,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick(from) {
      const picked = from[below(from.length)]
      if (picked === undefined) throw new Error('nothing to pick from')
      return picked
    },
    fork: () => createRandom(Math.floor(next() * 4_294_967_296)),
  }
}
