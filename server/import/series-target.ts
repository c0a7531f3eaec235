import { DISPATCH_LOCKS } from '../db/advisory-locks.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { required } from '../runtime/required.ts'
import type { SeriesCounter } from './convert-series.ts'

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

/** Writes counters of series. */
export interface SeriesTarget {
  /** Takes at most one counter of a series. Returns what became of each, by its key. */
  copy(counters: readonly SeriesCounter[]): Promise<ReadonlyMap<string, SeriesOutcome>>
}

interface SeriesState {
  readonly key: string
  readonly wasImported: boolean
  /** Null: there is no such series. */
  readonly lastNumber: number | null
}

/** Returns a target that writes. `partitionOf` returns the partition in which the events of a series are numbered. */
export function createSeriesTarget(db: Database, partitionOf: (key: string) => Promise<number>): SeriesTarget {
  return {
    async copy(counters) {
      const partitions = await Promise.all(counters.map(({ key }) => partitionOf(key)))
      return db.transaction(async (tx) => {
        await lockDispatch(tx, partitions)
        const outcomes = outcomesOf(counters, await readSeriesStates(tx, counters))
        const going = counters.flatMap((counter, index) =>
          outcomes.get(counter.key) === 'copied' ? [{ ...counter, partition: partitions[index] }] : [],
        )
        await Promise.all([markImported(tx, counters), raiseCounters(tx, going), tx.commit()])
        return outcomes
      })
    },
  }
}

/** Returns a target for a dry run: it reports what would happen, in a read-only transaction. */
export const createDrySeriesTarget = (db: Database): SeriesTarget => ({
  copy: (counters) =>
    db.transaction(async (tx) => {
      await tx.query(sql`set transaction read only`)
      return outcomesOf(counters, await readSeriesStates(tx, counters))
    }),
})

/** The target of a dry run into a database that does not exist yet. */
export const emptySeriesTarget: SeriesTarget = {
  copy: (counters) => Promise.resolve(new Map(counters.map(({ key }) => [key, 'copied']))),
}

function outcomesOf(counters: readonly SeriesCounter[], states: readonly SeriesState[]): Map<string, SeriesOutcome> {
  const found = new Map(states.map((state) => [state.key, state]))
  return new Map(counters.map(({ key, number }) => [key, outcomeOf(number, found.get(key))]))
}

/** Decides on one counter: one that is ahead here is never lowered, and a series that ended here stays ended. */
function outcomeOf(number: number, state: SeriesState | undefined): SeriesOutcome {
  const { lastNumber, wasImported } = required(state, 'the state of every series was read')
  if (lastNumber === null) return wasImported ? 'ended_here' : 'copied'
  return lastNumber < number ? 'copied' : 'already_there'
}

/**
 * Takes the advisory locks of these partitions, in their order, as dispatches of the former release do: they read a
 * counter and write it back, and nothing else may write it in between. Those of this release compare it instead.
 */
const lockDispatch = (tx: Db, partitions: readonly number[]) =>
  tx.query(sql`
  select pg_advisory_xact_lock(${DISPATCH_LOCKS}::integer, id)
  from (select distinct unnest(${partitions}::integer[]) as id order by 1) as sorted`)

const readSeriesStates = (tx: Db, counters: readonly SeriesCounter[]) =>
  tx.query<SeriesState>(sql`
  select given.key, imported_series.series_key is not null as "wasImported", series.last_number as "lastNumber"
  from unnest(${counters.map(({ key }) => key)}::uuid[]) as given (key)
  left join imported_series on imported_series.series_key = given.key
  left join series on series.series_key = given.key`)

const markImported = (tx: Db, counters: readonly SeriesCounter[]) =>
  tx.query(sql`
  insert into imported_series (series_key)
  select key from unnest(${counters.map(({ key }) => key)}::uuid[]) as given (key) order by key
  on conflict do nothing`)

/** In the order in which a dispatch locks them, so the two cannot wait for each other. */
const raiseCounters = (tx: Db, counters: readonly (SeriesCounter & { readonly partition: number | undefined })[]) =>
  tx.query(sql`
  insert into series (series_key, partition, last_number)
  select *
  from unnest(
    ${counters.map(({ key }) => key)}::uuid[],
    ${counters.map(({ partition }) => partition)}::smallint[],
    ${counters.map(({ number }) => number)}::bigint[]) as given (series_key, partition, last_number)
  order by series_key
  on conflict (series_key) do update
  set last_number = greatest(series.last_number, excluded.last_number), used = now()`)
