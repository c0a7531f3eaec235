import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** An event whose notifications are inserted in slices, and not all of them are. */
export interface FanOut {
  readonly partition: number
  readonly position: number
  /** Later events of it wait for the end of this one. */
  readonly laneSeries: string
  readonly tenant: string
  readonly number: number
  readonly deletesSubscriptions: boolean
  /** Targets in all. */
  readonly size: number
  /** How many of them have had their turn. */
  done: number
}

/** Returns the fan-outs of these partitions behind these positions, by position in each partition. Takes no locks. */
export const readFanOuts = (db: Db, asked: readonly { readonly partition: number; readonly after: number }[]) =>
  db.query<FanOut>(sql`
  select work.*
  from unnest(${asked.map((one) => one.partition)}::smallint[], ${asked.map((one) => one.after)}::bigint[])
    as asked (partition, after)
  cross join lateral (
    select fan_out.partition, fan_out.position, fan_out.lane_series as "laneSeries", event.tenant, fan_out.number,
           event.deletes_subscriptions as "deletesSubscriptions", fan_out.size, fan_out.done
    from fan_out
    cross join lateral (
      select tenant, deletes_subscriptions from event
      where event.partition = fan_out.partition and event.position = fan_out.position
      limit 1) as event
    where fan_out.partition = asked.partition and fan_out.position > asked.after
    order by fan_out.position
    offset 0) as work`)
