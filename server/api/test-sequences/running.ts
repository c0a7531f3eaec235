import { SEQUENCE_LOCKS } from '../../db/advisory-locks.ts'
import type { Db } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { AppError } from '../../errors.ts'
import { LIVING } from '../subscriptions/living.ts'
import type { NameKey } from '../subscriptions/store.ts'
import { INTERVAL_MS } from './publisher.ts'

/** Sequences that may run at the same moment: each publishes an event every three seconds, for as much as 50 minutes. */
const MOST_PER_CALLER = 20
const MOST_PER_TENANT = 100
/** Whoever is refused need not ask sooner than one of them can be over, nor wait for all of a long one. */
const LONGEST_WAIT_S = 60
/** A begin has its first event stored, or is undone, long before; one that was cut off does not count until it is tidied up. */
const BEGIN_LASTS = '30 seconds'

/** The user that services begin sequences for, of any service. */
type Beginner = Pick<NameKey, 'tenant' | 'owner'>

interface Running {
  readonly sequences: number
  /** Of the one that is nearest to its end; null when there is none. */
  readonly eventsLeft: number | null
}

/** Rejects with NTFAPI_TEST_TOO_MANY (429) when the caller or the tenant has as many as he may. Takes no lock: for all who are refused anyway. */
export async function refuseIfTooMany(db: Db, { tenant, owner }: Beginner): Promise<void> {
  const [row] = await db.query<{ ofCaller: Running; ofTenant: Running }>(sql`
    with running as (
      select owner, start_count - published as left_over
      from test_sequence join subscription on subscription.id = test_sequence.subscription_id
      where published < start_count and not stopped and tenant = ${tenant} and ${LIVING}
        and (next_due is not null or test_sequence.created > now() - ${BEGIN_LASTS}::interval)
    )
    select json_build_object('sequences', count(*), 'eventsLeft', min(left_over)) as "ofTenant",
           json_build_object('sequences', count(*) filter (where owner = ${owner}), 'eventsLeft', min(left_over) filter (where owner = ${owner})) as "ofCaller"
    from running`)
  if (!row) throw new Error('running test sequences cannot be counted')
  refuseAt(MOST_PER_CALLER, 'user', row.ofCaller)
  refuseAt(MOST_PER_TENANT, 'tenant', row.ofTenant)
}

function refuseAt(most: number, of: string, { sequences, eventsLeft }: Running): void {
  if (sequences < most) return
  const waitS = Math.ceil(((eventsLeft ?? 1) * INTERVAL_MS) / 1000)
  throw new AppError('NTFAPI_TEST_TOO_MANY', { details: { Running: sequences, 'Most for one': `${of} ${most}` }, retryAfterS: Math.min(waitS, LONGEST_WAIT_S) })
}

/** Until the end of the transaction nobody else begins one in this tenant, over any api: what is counted then stays true. */
export async function lockBegins(tx: Db, { tenant }: Beginner): Promise<void> {
  await tx.query(sql`select pg_advisory_xact_lock(${SEQUENCE_LOCKS}::integer, hashtext(${tenant}))`)
}
