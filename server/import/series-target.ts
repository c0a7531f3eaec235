import { DISPATCH_LOCKS } from '../db/advisory-locks.ts'
import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { Counter } from './series-convert.ts'

/**
 * What can become of a counter.
 *
 * | outcome       | the next number here                                                    |
 * |---------------|-------------------------------------------------------------------------|
 * | copied        | goes on from the source                                                 |
 * | already_there | this service had come as far, or further: it goes on from there         |
 * | ended_here    | 1: it was copied before, and the series has ended here since            |
 */
export type SeriesOutcome = 'copied' | 'already_there' | 'ended_here'

/** Where the counters go. */
export interface SeriesTarget {
  /** No two of one series. Answers what became of each, by its key. */
  take(counters: readonly Counter[]): Promise<ReadonlyMap<string, SeriesOutcome>>
}

interface Finding {
  readonly key: string
  readonly wasImported: boolean
  /** Undefined: the series is not there. */
  readonly lastNumber: number | null
}

/** `partitionOf` tells where the events of a series are numbered. */
export function createSeriesTarget(db: Database, partitionOf: (key: string) => Promise<number>): SeriesTarget {
  return {
    async take(counters) {
      const partitions = await Promise.all(counters.map(({ key }) => partitionOf(key)))
      return db.transaction(async (tx) => {
        await lockDispatch(tx, partitions)
        const outcomes = outcomesOf(counters, await readFindings(tx, counters))
        const going = counters.flatMap((counter, index) => (outcomes.get(counter.key) === 'copied' ? [{ ...counter, partition: partitions[index] }] : []))
        await Promise.all([remember(tx, counters), raise(tx, going), tx.commit()])
        return outcomes
      })
    },
  }
}

/** Tells what would happen, in a transaction in which the server refuses to write. */
export const createDrySeriesTarget = (db: Database): SeriesTarget => ({
  take: (counters) => db.transaction(async (tx) => {
    await tx.query(sql`set transaction read only`)
    return outcomesOf(counters, await readFindings(tx, counters))
  }),
})

/** For a dry run into a database that is not there yet. */
export const emptySeriesTarget: SeriesTarget = { take: (counters) => Promise.resolve(new Map(counters.map(({ key }) => [key, 'copied']))) }

function outcomesOf(counters: readonly Counter[], findings: readonly Finding[]): Map<string, SeriesOutcome> {
  const found = new Map(findings.map((finding) => [finding.key, finding]))
  return new Map(counters.map(({ key, number }) => [key, outcomeOf(number, found.get(key))]))
}

/** A counter that has moved here is never put back, and an end that came here stays an end. */
function outcomeOf(number: number, finding: Finding | undefined): SeriesOutcome {
  if (!finding) throw new Error('A series was not looked up')
  const { lastNumber, wasImported } = finding
  if (lastNumber === null) return wasImported ? 'ended_here' : 'copied'
  return lastNumber < number ? 'copied' : 'already_there'
}

/** A dispatch reads a counter and writes it back; in between nobody else may. Locks in the order in which dispatches take them. */
const lockDispatch = (tx: Db, partitions: readonly number[]) => tx.query(sql`
  select pg_advisory_xact_lock(${DISPATCH_LOCKS}::integer, id)
  from (select distinct unnest(${partitions}::integer[]) as id order by 1) as sorted`)

const readFindings = (tx: Db, counters: readonly Counter[]) => tx.query<Finding>(sql`
  select given.key, imported_series.series_key is not null as "wasImported", series.last_number as "lastNumber"
  from unnest(${counters.map(({ key }) => key)}::uuid[]) as given (key)
  left join imported_series on imported_series.series_key = given.key
  left join series on series.series_key = given.key`)

const remember = (tx: Db, counters: readonly Counter[]) => tx.query(sql`
  insert into imported_series (series_key)
  select key from unnest(${counters.map(({ key }) => key)}::uuid[]) as given (key) order by key
  on conflict do nothing`)

const raise = (tx: Db, counters: readonly (Counter & { readonly partition: number | undefined })[]) => tx.query(sql`
  insert into series (series_key, partition, last_number)
  select *
  from unnest(${counters.map(({ key }) => key)}::uuid[], ${counters.map(({ partition }) => partition)}::smallint[], ${counters.map(({ number }) => number)}::bigint[])
  on conflict (series_key) do update
  set last_number = greatest(series.last_number, excluded.last_number), used = now()`)
