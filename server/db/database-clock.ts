import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { clockOffsetMs, type ClockReading } from './clock-offset.ts'
import type { Db } from './database.ts'
import { sql } from './sql.ts'

const READ_EVERY_MS = 2000
const READINGS_KEPT = 8
/** The first one also makes the connection. */
const READINGS_AT_START = 3

export interface DatabaseClockParts {
  /** With a connection for this alone: one that has other work too makes the round trip longer. */
  readonly db: Db
  readonly log: Log
  readonly everyMs?: number
  /** Monotonic clock in ms. */
  readonly monotonicMs?: () => number
}

/**
 * The one clock of everything that is stored and compared (docs/decisions/0013). Carried on the monotonic clock of the
 * process, so neither the host's clock nor setting it matters, and while the database is away the last offset goes on.
 */
export interface DatabaseClock extends Worker {
  now(): Date
}

/** Reads the database's clock, so it can be asked at once. Rejects when the database cannot be reached. */
export async function openDatabaseClock({ db, log, everyMs = READ_EVERY_MS, monotonicMs = () => performance.now() }: DatabaseClockParts): Promise<DatabaseClock> {
  const readings: ClockReading[] = []
  let offsetMs = NaN

  async function look(): Promise<void> {
    const sentAt = monotonicMs()
    const databaseMs = await readClock(db)
    readings.push({ sentAt, answeredAt: monotonicMs(), databaseMs })
    if (readings.length > READINGS_KEPT) readings.shift()
    offsetMs = clockOffsetMs(readings)
  }

  async function turn(): Promise<number> {
    await look()
    return everyMs
  }

  for (let count = 0; count < READINGS_AT_START; count += 1) await look()
  const loop = createLoop({ name: 'database-clock', log, turn, restAfterErrorMs: everyMs })
  return { now: () => new Date(monotonicMs() + offsetMs), start: loop.start, stop: loop.stop }
}

async function readClock(db: Db): Promise<number> {
  const [row] = await db.query<{ epochMs: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as "epochMs"`)
  if (!row) throw new Error('the database does not tell the time')
  return row.epochMs
}
