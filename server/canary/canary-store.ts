import { randomUUID } from 'node:crypto'
import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { insertWithTargets } from '../subscriptions/insert-subscription.ts'

/** No tenant can have this name, so no token is for it, and no caller sees what belongs to it. */
export const CANARY_TENANT = '(canary)'
export const CANARY_TYPE = 'notifications.canary.beat'

/**
 * Returns the canary's address. The first call of an installation generates it and inserts the subscription for it.
 */
export const ensureCanary = (db: Database): Promise<string> =>
  db.transaction(async (tx) => {
    await tx.query(
      sql`insert into canary (address) values (${`http://${randomUUID()}.canary.invalid/`}) on conflict do nothing`,
    )
    const [canary] = await tx.query<{ address: string }>(sql`select address from canary`)
    if (!canary) throw new Error('the canary is missing')
    const subscription = {
      tenant: CANARY_TENANT,
      owner: SERVICE_NAME,
      description: null,
      isEnabled: true,
      typeFilter: CANARY_TYPE,
      subjectFilter: '*',
      ttlMinutes: 0,
      targets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: canary.address }],
    } as const
    await insertWithTargets(tx, subscription, 'canary')
    return canary.address
  })

export interface HeartbeatClaim {
  /** This process is to publish a heartbeat now; no other process will for an interval. */
  readonly isOurs: boolean
  /** Time until the next heartbeat is due; meaningless when `isOurs`. */
  readonly inMs: number
}

/** Claims the heartbeat that is due, for one process of the installation. Locks the one row of `canary`. */
export const claimHeartbeat = async (db: Db, intervalMs: number): Promise<HeartbeatClaim> => {
  const [claim] = await db.query<HeartbeatClaim>(sql`
    with taken as (
      update canary
      set published = now()
      where published is null or published <= now() - ${intervalMs} * interval '1 ms'
      returning 1
    )
    select exists (select from taken) as "isOurs",
           coalesce((extract(epoch from published - now()) * 1000)::float8 + ${intervalMs}, 0) as "inMs"
    from canary`)
  if (!claim) throw new Error('the canary is missing')
  return claim
}

/** Records that a heartbeat is stored. It may have arrived already. */
export const recordSent = (db: Db, eventUuid: string) =>
  db.query(sql`
  insert into canary_beat (event_uuid)
  values (${eventUuid})
  on conflict do nothing`)

/** Records an arrival; the first one of a heartbeat counts. */
export const recordArrival = (db: Db, eventUuid: string) =>
  db.query(sql`
  insert into canary_beat (event_uuid, arrived)
  values (${eventUuid}, now())
  on conflict (event_uuid) do update set arrived = coalesce(canary_beat.arrived, excluded.arrived)`)

/**
 * Marks overdue heartbeats as reported and returns them when this process is to raise the alarm. One process raises it
 * once, until heartbeats arrive again.
 */
export const raiseAlarm = (db: Db, overdueMs: number) =>
  db.query<{ eventUuid: string; ageS: number }>(sql`
  with overdue as (
    update canary_beat
    set reported = true
    where arrived is null and not reported and published < now() - ${overdueMs} * interval '1 ms'
    returning event_uuid, published
  ), raised as (
    update canary
    set alarmed = now()
    where alarmed is null and exists (select from overdue)
    returning 1
  )
  select event_uuid as "eventUuid", extract(epoch from now() - published)::integer as "ageS"
  from overdue
  where exists (select from raised)`)

/** Ends the alarm when a heartbeat arrived since. Returns whether this process is to say so. */
export const endAlarm = async (db: Db): Promise<boolean> =>
  (
    await db.query(sql`
  update canary
  set alarmed = null
  where alarmed is not null and exists (select from canary_beat where arrived > alarmed)
  returning 1`)
  ).length > 0

/** Deletes heartbeats older than a day, except the last that arrived. */
export const deleteOldHeartbeats = (db: Db) =>
  db.query(sql`
  delete from canary_beat
  where published < now() - interval '1 day' and (arrived is null or arrived < (select max(arrived) from canary_beat))`)

/** Returns the seconds since the last arrival; null before the first. */
export const readLastArrivalAge = async (db: Db): Promise<number | null> =>
  (
    await db.query<{ ageS: number | null }>(sql`
  select extract(epoch from clock_timestamp() - max(arrived))::float8 as "ageS"
  from canary_beat`)
  )[0]?.ageS ?? null
