import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'

const PER_TURN = 1000

/** Ends subscriptions whose time is up. They go on matching what was received before (dispatch/match.ts), and what was matched goes out. */
export function createReaper({ db, intervalMs, log }: { db: Database; intervalMs: number; log: Log }): Worker {
  async function turn(): Promise<number> {
    const ended = await endExpired(db)
    if (ended.length > 0) log.info({ ended: ended.length }, 'expired subscriptions ended')
    return ended.length === PER_TURN ? 0 : intervalMs
  }
  return createLoop({ name: 'reaper', log, turn })
}

const endExpired = (db: Db) => db.query<{ id: number }>(sql`
  with expired as (
    select id
    from subscription
    where ended is null and expiry <= now()
    order by id
    limit ${PER_TURN}
    for update skip locked
  )
  update subscription
  set ended = now(), end_reason = 'expired'
  from expired
  where subscription.id = expired.id
  returning subscription.id`)
