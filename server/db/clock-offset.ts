/** One reading of the database's clock, in ms. `sentAt` and `answeredAt` come from this process's monotonic clock. */
export interface ClockReading {
  readonly sentAt: number
  readonly answeredAt: number
  /** Since 1970, read by the database at some moment between those two. */
  readonly databaseMs: number
}

/** Two correct clocks drift apart by less than this between the readings that are kept. */
const DRIFT_MS = 20

/**
 * Returns what to add to the monotonic clock to get the database's, from at least one reading, the newest last. It
 * takes the middle of the shortest round trip, so the error is at most half of that. A reading that the newest one
 * contradicts is from before the database's clock was set, or from another server, and is ignored.
 */
export function clockOffsetMs(readings: readonly ClockReading[]): number {
  const newest = readings.at(-1)
  if (newest === undefined) throw new RangeError('an offset needs a reading')
  const best = readings
    .filter((reading) => agree(reading, newest))
    .reduce((one, other) => (roundTripMs(other) <= roundTripMs(one) ? other : one), newest)
  return middle(best)
}

const roundTripMs = ({ sentAt, answeredAt }: ClockReading) => answeredAt - sentAt

const middle = ({ sentAt, answeredAt, databaseMs }: ClockReading) => databaseMs - (sentAt + answeredAt) / 2

/** Whether one offset explains both. */
const agree = (one: ClockReading, other: ClockReading) =>
  Math.abs(middle(one) - middle(other)) <= (roundTripMs(one) + roundTripMs(other)) / 2 + DRIFT_MS
