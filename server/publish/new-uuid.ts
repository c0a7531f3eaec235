import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** What one uuid takes. */
const BYTES = 16
/** A call for so little randomness costs as much as one for hundreds of uuids. */
const pool = Buffer.alloc(BYTES * 256)
let used = pool.length
/** Of the last uuid: its time, and the counter of those of one millisecond (RFC 9562 6.2, method 1). */
let lastMs = 0
let count = 0

/**
 * Returns a new uuid that begins with the time (version 7, RFC 9562 5.7), greater than those before. Its random bits
 * are taken from a pool.
 */
export function newUuid(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + BYTES)
  used += BYTES
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    count = random.readUInt32BE(6) >>> 1 // leaves room to count
  } else count += 1
  return v7({ random, msecs: lastMs, seq: count })
}
