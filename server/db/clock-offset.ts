/** One look at the database's clock. `sentAt` and `answeredAt` are of a monotonic clock of this process; all in ms. */
export interface ClockReading {
  readonly sentAt: number
  readonly answeredAt: number
  /** Since 1970, read by the database at some moment between the two. */
  readonly databaseMs: number
}

/** Two clocks that are both in order part by less than this between the readings that are kept. */
const DRIFT_MS = 20

/**
 * What to add to the monotonic clock to have the database's, from at least one reading, the newest last: the middle of the
 * shortest round trip, so it is wrong by half of that at most. A reading that the newest one contradicts is of before the
 * database's clock was set, or of another server, and counts no more.
 */
export function clockOffsetMs(readings: readonly ClockReading[]): number {
  const newest = readings.at(-1)
  if (newest === undefined) throw new RangeError('an offset needs a reading')
  const best = readings.filter((reading) => agree(reading, newest)).reduce((one, other) => (roundTripMs(other) <= roundTripMs(one) ? other : one), newest)
  return middle(best)
}

const roundTripMs = ({ sentAt, answeredAt }: ClockReading) => answeredAt - sentAt

const middle = ({ sentAt, answeredAt, databaseMs }: ClockReading) => databaseMs - (sentAt + answeredAt) / 2

/** There is an offset that explains both. */
const agree = (one: ClockReading, other: ClockReading) => Math.abs(middle(one) - middle(other)) <= (roundTripMs(one) + roundTripMs(other)) / 2 + DRIFT_MS
