import { randomUUID } from 'node:crypto'
import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import type { Database, Db } from '../db/database.ts'
import { hashKey } from '../db/hash-key.ts'
import { sql } from '../db/sql.ts'

/** No tenant has such a name, so no token is for it: what belongs to it is in nobody's lists. */
export const CANARY_TENANT = '(canary)'
export const CANARY_TYPE = 'notifications.canary.beat'

const [TYPE_1, TYPE_2, TYPE_3] = CANARY_TYPE.split('.')

/** Its address, made up when the first process of this installation asks; with it its subscription. */
export const openCanary = (db: Database): Promise<string> => db.transaction(async (tx) => {
  await tx.query(sql`insert into canary (address) values (${`http://${randomUUID()}.canary.invalid/`}) on conflict do nothing`)
  const [canary] = await tx.query<{ address: string }>(sql`select address from canary`)
  if (!canary) throw new Error('the canary is missing')
  const [made] = await tx.query<{ id: number }>(sql`
    insert into subscription (uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3, subject_filter, ttl_minutes)
    values (${randomUUID()}, ${CANARY_TENANT}, ${SERVICE_NAME}, 'canary', true, ${CANARY_TYPE}, ${TYPE_1}, ${TYPE_2}, ${TYPE_3}, '*', 0)
    on conflict (tenant, owner, name) where ended is null do nothing
    returning id`)
  if (made) {
    await tx.query(sql`
      insert into delivery_target (subscription_id, ordinal, method, address, address_key)
      values (${made.id}, 0, 'WEBHOOK', ${canary.address}, ${hashKey('WEBHOOK', canary.address)})`)
  }
  return canary.address
})

export interface Turn {
  /** It is for this process to send a beat off, now; no other process may for an interval. */
  readonly isOurs: boolean
  /** Until the next beat is due, unless it is ours. */
  readonly inMs: number
}

/** Locks the one row. */
export const takeTurn = async (db: Db, intervalMs: number): Promise<Turn> => {
  const [turn] = await db.query<Turn>(sql`
    with taken as (
      update canary
      set published = now()
      where published is null or published <= now() - ${intervalMs} * interval '1 ms'
      returning 1
    )
    select exists (select from taken) as "isOurs",
           coalesce((extract(epoch from published - now()) * 1000)::float8 + ${intervalMs}, 0) as "inMs"
    from canary`)
  if (!turn) throw new Error('the canary is missing')
  return turn
}

/** A beat is stored. It may have arrived before we know. */
export const noteSent = (db: Db, eventUuid: string) => db.query(sql`
  insert into canary_beat (event_uuid)
  values (${eventUuid})
  on conflict do nothing`)

/** The first arrival counts. */
export const noteArrival = (db: Db, eventUuid: string) => db.query(sql`
  insert into canary_beat (event_uuid, arrived)
  values (${eventUuid}, now())
  on conflict (event_uuid) do update set arrived = coalesce(canary_beat.arrived, excluded.arrived)`)

/** Beats that should have arrived and of which nobody has said so, if it is for us to raise the alarm: once, until they arrive again. */
export const raiseAlarm = (db: Db, overdueMs: number) => db.query<{ eventUuid: string; ageS: number }>(sql`
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

/** Something arrived since the alarm. Answers whether it is for us to say so. */
export const endAlarm = async (db: Db): Promise<boolean> => (await db.query(sql`
  update canary
  set alarmed = null
  where alarmed is not null and exists (select from canary_beat where arrived > alarmed)
  returning 1`)).length > 0

/** What is older than a day, but for the last that arrived. */
export const forgetOld = (db: Db) => db.query(sql`
  delete from canary_beat
  where published < now() - interval '1 day' and (arrived is null or arrived < (select max(arrived) from canary_beat))`)

/** Seconds since the last arrival; null before the first. */
export const readAge = async (db: Db): Promise<number | null> => (await db.query<{ ageS: number | null }>(sql`
  select extract(epoch from clock_timestamp() - max(arrived))::float8 as "ageS"
  from canary_beat`))[0]?.ageS ?? null
