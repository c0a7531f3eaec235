import { SEQUENCE_LOCKS } from '../../db/advisory-locks.ts'
import type { Db } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import { AppError } from '../errors.ts'
import { ACTIVE } from '../../subscriptions/active-condition.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'
import { INTERVAL_MS } from './sequence-publisher.ts'

/** Sequences that may run at the same moment: each publishes an event every three seconds, for up to 50 minutes. */
const MAX_PER_CALLER = 20
const MAX_PER_TENANT = 100
/** For Retry-After: not sooner than one of the sequences can be over, and not as late as the end of a long one. */
const MAX_WAIT_S = 60
/**
 * A begin stores its first event, or is undone, long before; one that was cut off stops counting even before it is
 * removed.
 */
const BEGIN_TIMEOUT = '30 seconds'

/** The user that a service begins a sequence for, whichever service. */
type Beginner = Pick<NameKey, 'tenant' | 'owner'>

interface Running {
  readonly sequences: number
  /** Of the sequence that is nearest to its end; null when there is none. */
  readonly eventsLeft: number | null
}

/**
 * Rejects with NTFAPI_TEST_TOO_MANY (429) when the caller or the tenant has the maximum. Takes no lock, so that most
 * rejections cost little.
 */
export async function rejectIfTooMany(db: Db, { tenant, owner }: Beginner): Promise<void> {
  const [row] = await db.query<{ ofCaller: Running; ofTenant: Running }>(sql`
    with running as (
      select owner, start_count - published as left_over
      from test_sequence join subscription on subscription.id = test_sequence.subscription_id
      where published < start_count and not stopped and tenant = ${tenant} and ${ACTIVE}
        and (next_due is not null or test_sequence.created > now() - ${BEGIN_TIMEOUT}::interval)
    )
    select json_build_object('sequences', count(*), 'eventsLeft', min(left_over)) as "ofTenant",
           json_build_object('sequences', count(*) filter (where owner = ${owner}),
                             'eventsLeft', min(left_over) filter (where owner = ${owner})) as "ofCaller"
    from running`)
  if (!row) throw new Error('running test sequences cannot be counted')
  rejectAt(MAX_PER_CALLER, 'user', row.ofCaller)
  rejectAt(MAX_PER_TENANT, 'tenant', row.ofTenant)
}

function rejectAt(max: number, of: string, { sequences, eventsLeft }: Running): void {
  if (sequences < max) return
  const waitS = Math.ceil(((eventsLeft ?? 1) * INTERVAL_MS) / 1000)
  throw new AppError('NTFAPI_TEST_TOO_MANY', {
    details: { Running: sequences, Limit: `${max} for one ${of}` },
    retryAfterS: Math.min(waitS, MAX_WAIT_S),
  })
}

/**
 * Takes an advisory lock on the begins of this tenant, over all api processes, until the end of the transaction: what
 * is counted then stays true.
 */
export async function lockBegins(tx: Db, { tenant }: Beginner): Promise<void> {
  await tx.query(sql`select pg_advisory_xact_lock(${SEQUENCE_LOCKS}::integer, hashtext(${tenant}))`)
}
