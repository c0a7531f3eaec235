import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import { createLoop, type Untried, type Worker } from '../runtime/loop.ts'
import { CANARY_TENANT, CANARY_TYPE, endAlarm, forgetOld, noteSent, openCanary, raiseAlarm, takeTurn } from './store.ts'

/** A backlog may keep a beat waiting, as it keeps others; after this somebody should look why. */
const OVERDUE_MS = 180_000
/** However rare the beats are. */
const LOOK_EVERY_MS = 30_000
/** Somebody else may take the turn that is due. */
const LEAST_REST_MS = 50

export interface BeatsParts {
  readonly db: Database
  readonly publish: Pick<Publish, 'event'>
  /** The database's clock. */
  readonly now: () => Date
  readonly intervalMs: number
  readonly overdueMs?: number
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/** Sends beats off, one at a time for the whole installation, and raises the alarm when one does not arrive. */
export interface Beats extends Worker {
  /** Where they go; undefined until the database was asked. */
  address(): string | undefined
}

export function createBeats({ db, publish, now, intervalMs, overdueMs = OVERDUE_MS, log, clock = () => performance.now() }: BeatsParts): Beats {
  const loop = createLoop({ name: 'canary', log, turn })
  let address: string | undefined
  /** What was on its way when the last process ended gets its time again. */
  let alarmFrom = Infinity
  /** The last beat of this process could not be sent off; whether one can shows when it is its turn again. */
  let hasFailed = false

  async function turn(): Promise<number | Untried> {
    address ??= await openCanary(db)
    const { isOurs, inMs } = await takeTurn(db, intervalMs)
    if (isOurs) await sendOff()
    await watch()
    if (isOurs) return Math.min(intervalMs, LOOK_EVERY_MS)
    const restMs = Math.max(LEAST_REST_MS, Math.min(inMs, LOOK_EVERY_MS))
    return hasFailed ? { restMs } : restMs
  }

  /** Outside every series, so the uuid chooses the partition: in time the beats come through all of them. */
  async function sendOff(): Promise<void> {
    hasFailed = true
    const event = { source: SERVICE_NAME, type: CANARY_TYPE, timestamp: now().toISOString() }
    const { uuid } = await publish.event(event, { tenant: CANARY_TENANT, user: SERVICE_NAME, service: SERVICE_NAME })
    await noteSent(db, uuid)
    hasFailed = false
    await forgetOld(db)
  }

  async function watch(): Promise<void> {
    if (await endAlarm(db)) log.info('canaries arrive again')
    if (clock() < alarmFrom) return
    const [missing] = await raiseAlarm(db, overdueMs)
    if (missing) log.error(missing, 'a canary has not arrived: events may not be delivered, a person must look')
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
