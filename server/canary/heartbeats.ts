import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import { createLoop, type Idle, type Worker } from '../runtime/loop.ts'
import {
  CANARY_TENANT,
  CANARY_TYPE,
  endAlarm,
  deleteOldHeartbeats,
  recordSent,
  ensureCanary,
  raiseAlarm,
  claimHeartbeat,
} from './canary-store.ts'

/** A backlog delays heartbeats like other events; after this time a person should look into it. */
const OVERDUE_MS = 180_000
/** Upper bound, however rare the heartbeats are. */
const POLL_INTERVAL_MS = 30_000
/** Lower bound: another process may claim the heartbeat that is due. */
const MIN_REST_MS = 50

export interface HeartbeatsDeps {
  readonly db: Database
  readonly publish: Pick<Publish, 'event'>
  /** The clock of the database. */
  readonly now: () => Date
  readonly intervalMs: number
  readonly overdueMs?: number
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/** Publishes heartbeats, one at a time for the whole installation, and raises the alarm when one does not arrive. */
export interface Heartbeats extends Worker {
  /** Returns the address of their target; undefined until it was read from the database. */
  address(): string | undefined
}

export function createHeartbeats({
  db,
  publish,
  now,
  intervalMs,
  overdueMs = OVERDUE_MS,
  log,
  clock = () => performance.now(),
}: HeartbeatsDeps): Heartbeats {
  const loop = createLoop({ name: 'canary', log, tick })
  let address: string | undefined
  /** Heartbeats under way when the previous process ended get the full time again. */
  let alarmFrom = Infinity
  /** The last publish of this process failed; whether publishing works again shows at its next claim. */
  let hasFailed = false

  async function tick(): Promise<number | Idle> {
    address ??= await ensureCanary(db)
    const { isOurs, inMs } = await claimHeartbeat(db, intervalMs)
    if (isOurs) await publishHeartbeat()
    await checkOverdue()
    if (isOurs) return Math.min(intervalMs, POLL_INTERVAL_MS)
    const restMs = Math.max(MIN_REST_MS, Math.min(inMs, POLL_INTERVAL_MS))
    return hasFailed ? { restMs } : restMs
  }

  /** The event is outside every series, so its uuid chooses the partition: over time heartbeats cover all of them. */
  async function publishHeartbeat(): Promise<void> {
    hasFailed = true
    const event = { source: SERVICE_NAME, type: CANARY_TYPE, timestamp: now().toISOString() }
    const { uuid } = await publish.event(event, { tenant: CANARY_TENANT, user: SERVICE_NAME, service: SERVICE_NAME })
    await recordSent(db, uuid)
    hasFailed = false
    await deleteOldHeartbeats(db)
  }

  async function checkOverdue(): Promise<void> {
    if (await endAlarm(db)) log.info('canaries arrive again')
    if (clock() < alarmFrom) return
    const [missing] = await raiseAlarm(db, overdueMs)
    if (missing) log.error(missing, 'a canary has not arrived: events may not be delivered; investigate')
  }

  return {
    address: () => address,
    start() {
      alarmFrom = Math.min(alarmFrom, clock() + overdueMs)
      loop.start()
    },
    stop: loop.stop,
  }
}
