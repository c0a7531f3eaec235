import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { clockOffsetMs, type ClockReading } from './clock-offset.ts'
import type { Db } from './db.ts'
import { sql } from './sql.ts'

const READ_INTERVAL_MS = 2000
const READINGS_KEPT = 8
/** The first one also makes the connection. */
const READINGS_AT_START = 3

export interface DatabaseClockDeps {
  /** With a connection of its own: other work on it would make the round trip longer. */
  readonly db: Db
  readonly log: Log
  readonly everyMs?: number
  /** Monotonic clock in ms. */
  readonly monotonicMs?: () => number
}

/**
 * The one clock for everything that is stored and compared (docs/decisions/0013). It runs on the monotonic clock of the
 * process, so setting the host's clock does not matter, and while the database is away the last offset still applies.
 */
export interface DatabaseClock extends Worker {
  now(): Date
}

/** Reads the database's clock, so `now` works at once. Rejects when the database cannot be reached. */
export async function openDatabaseClock({
  db,
  log,
  everyMs = READ_INTERVAL_MS,
  monotonicMs = () => performance.now(),
}: DatabaseClockDeps): Promise<DatabaseClock> {
  const readings: ClockReading[] = []
  let offsetMs = NaN

  async function sample(): Promise<void> {
    const sentAt = monotonicMs()
    const databaseMs = await readClock(db)
    readings.push({ sentAt, answeredAt: monotonicMs(), databaseMs })
    if (readings.length > READINGS_KEPT) readings.shift()
    offsetMs = clockOffsetMs(readings)
  }

  async function tick(): Promise<number> {
    await sample()
    return everyMs
  }

  for (let count = 0; count < READINGS_AT_START; count += 1) await sample()
  const loop = createLoop({ name: 'database-clock', log, tick, restAfterErrorMs: everyMs })
  return { now: () => new Date(monotonicMs() + offsetMs), start: loop.start, stop: loop.stop }
}

async function readClock(db: Db): Promise<number> {
  const [row] = await db.query<{ epochMs: number }>(
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as "epochMs"`,
  )
  if (!row) throw new Error('the database returned no time')
  return row.epochMs
}
