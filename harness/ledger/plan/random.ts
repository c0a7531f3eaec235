/** The next number, from 0 up to but not including 1. */
export type Random = () => number

const SPREAD = 2_654_435_761 // odd, so that neighbouring seeds begin far from each other

/** The same numbers for the same seed, on every machine (xorshift, 32 bits). For plans, not for secrets. */
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

/** A whole number from 0 up to but not including `limit`. */
export const wholeBelow = (random: Random, limit: number) => Math.floor(random() * limit)
