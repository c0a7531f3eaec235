/** Returns the next number: 0 or more, less than 1. */
export type Random = () => number

const SPREAD = 2_654_435_761 // odd, so that neighbouring seeds give different sequences

/**
 * Returns a generator with the same numbers for the same seed on every machine (xorshift, 32 bits). Not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, SPREAD) >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 8; warmUp += 1) next()
  return next
}

/** Returns a whole number: 0 or more, less than `limit`. */
export const wholeBelow = (random: Random, limit: number) => Math.floor(random() * limit)
