import { sql } from '../db/sql.ts'

/** Longer than any row of the original's table can be: the four are its primary key. */
const MAX_SERIES_BYTES = 65_536

/** How far a series has come, as the original stores it (protocol 6.10). */
export interface SeriesRow {
  /** The four texts have at most `MAX_SERIES_BYTES` together; otherwise they are null. */
  readonly isShort: boolean
  readonly tenant: string | null
  readonly source: string | null
  readonly subject: string | null
  readonly seriesId: string | null
  /** The number given last. */
  readonly count: string | null
}

/** Declares the cursor. Longer texts are left out, so that they do not fill the heap. */
export const declareSeries = () => sql`
  declare series_cursor no scroll cursor for
  select "isShort",
         case when "isShort" then tenant end as tenant,
         case when "isShort" then source end as source,
         case when "isShort" then subject end as subject,
         case when "isShort" then series_id end as "seriesId",
         left(seq_count::text, 40) as count
  from event_series
  cross join lateral (
    select octet_length(concat(tenant, source, subject, series_id)) <= ${MAX_SERIES_BYTES} as "isShort") as length`
