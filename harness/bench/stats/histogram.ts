/** Buckets per power of two: a value is known within 1/128 of itself. */
const SUB_BUCKETS = 128
const SUB_BITS = 7
const MAX_VALUE = 2 ** 31 - 1

/** Counts whole numbers from 0 to 2^31 - 1 in buckets that grow with the value, as HdrHistogram does. */
export interface Histogram {
  readonly count: number
  readonly max: number
  /** Counts a value; larger ones than the greatest count as that. */
  record(value: number): void
  /** Returns the highest value of the bucket below which a share of all values lies; 0 if there is none. */
  percentile(share: number): number
}

export function createHistogram(): Histogram {
  const counts = new Uint32Array(bucketOf(MAX_VALUE) + 1)
  let count = 0
  let max = 0
  return {
    get count() {
      return count
    },
    get max() {
      return max
    },
    record(value) {
      const whole = Math.min(MAX_VALUE, Math.max(0, Math.round(value)))
      const bucket = bucketOf(whole)
      counts[bucket] = (counts[bucket] ?? 0) + 1
      count += 1
      if (whole > max) max = whole
    },
    percentile(share) {
      const rank = Math.max(1, Math.ceil(share * count))
      let below = 0
      for (const [bucket, inBucket] of counts.entries()) {
        below += inBucket
        if (below >= rank) return Math.min(max, highestOf(bucket))
      }
      return max
    },
  }
}

function bucketOf(value: number): number {
  const shift = shiftOf(value)
  return shift * SUB_BUCKETS + (value >>> shift)
}

/** Bits that are dropped: none below 256. */
const shiftOf = (value: number) => Math.max(0, 31 - Math.clz32(value) - SUB_BITS)

function highestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1)
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1
}
