import type { Db } from '../../db/db.ts'
import { sql, type Sql } from '../../db/sql.ts'
import { required } from '../../runtime/required.ts'
import { compile } from '../search/compile-condition.ts'
import type { Condition } from '../search/condition.ts'
import { compileOrder } from '../search/order-by.ts'
import { ACTIVE } from '../../subscriptions/active-condition.ts'
import { conjunction } from '../../subscriptions/subscription-store.ts'
import { planOf, type ListQuery } from './list-plan.ts'

/** As many rows are found and sorted quickly, wherever they are. */
const FEW = 5000
/** How many rows of a list are read in its order before its rows are searched in another way. */
const LOOK_AHEAD = 20_000

export interface Range {
  readonly limit: number
  readonly skip: number
}

export interface PageQueryLimits {
  /** They replace FEW and LOOK_AHEAD. */
  readonly few?: number
  readonly lookAhead?: number
}

interface Found {
  readonly id: number
}

/**
 * Returns the ids of a page, in the order of the list. With a limit PostgreSQL prefers to read a list in its order, in
 * the hope of finding enough rows soon; when those that fulfil the conditions are all at the other end it reads the
 * whole tenant. So the choice is made here: few expected matches are found by the conditions and sorted; for many
 * expected ones the list is read in its order, but only so far.
 */
export async function findPage(
  db: Db,
  query: ListQuery,
  range: Range,
  { few = FEW, lookAhead = LOOK_AHEAD }: PageQueryLimits = {},
): Promise<number[]> {
  const { inOrder, rest } = planOf(query)
  if (inOrder === undefined || rest.length === 0) return idsOf(await readInOrder(db, query, range))
  if ((await expectedMatches(db, query)) > few) {
    const found = await readAhead(db, query, { inOrder, rest, rows: lookAhead + 2 * (range.skip + range.limit) }, range)
    if (found.length === range.limit) return idsOf(found)
  }
  return idsOf(await gather(db, query, range))
}

const idsOf = (found: readonly Found[]) => found.map(({ id }) => id)

/** Leaves the plan to PostgreSQL. */
const readInOrder = (db: Db, query: ListQuery, range: Range) =>
  db.query<Found>(sql`
  ${selectIds(query)}
  ${compileRange(range)}`)

interface Ahead {
  readonly inOrder: readonly Condition[]
  readonly rest: readonly Condition[]
  readonly rows: number
}

/** Reads the first rows of the order, and no further, and selects those that fulfil the rest. */
const readAhead = (db: Db, { tenant, order }: ListQuery, { inOrder, rest, rows }: Ahead, range: Range) =>
  db.query<Found>(sql`
  select subscription.id
  from (
    select *
    from subscription
    where ${activeIn(tenant, inOrder)}
    order by ${compileOrder(order)}
    limit ${rows}) as subscription
  where ${conjunction(rest.map(compile))}
  order by ${compileOrder(order)}
  ${compileRange(range)}`)

/**
 * Finds all rows by their conditions, then sorts: across "offset 0" neither order nor limit affects how PostgreSQL
 * finds them.
 */
const gather = (db: Db, query: ListQuery, range: Range) =>
  db.query<Found>(sql`
  select subscription.id
  from (
    select *
    from subscription
    where ${conditionsOf(query)}
    offset 0) as subscription
  order by ${compileOrder(query.order)}
  ${compileRange(range)}`)

/** Returns how many rows PostgreSQL expects to fulfil all conditions. */
async function expectedMatches(db: Db, query: ListQuery): Promise<number> {
  const [row] = await db.query<{ 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Plan Rows': number } }] }>(sql`
    explain (format json) select from subscription where ${conditionsOf(query)}`)
  if (!row) throw new Error('explain returned no row')
  return row['QUERY PLAN'][0].Plan['Plan Rows']
}

/** Selects all ids of a list, in its order. */
export const selectIds = (query: ListQuery): Sql => sql`
  select subscription.id
  from subscription
  where ${conditionsOf(query)}
  order by ${compileOrder(query.order)}`

export const compileRange = ({ limit, skip }: { readonly limit: number | null; readonly skip: number }): Sql =>
  sql`limit ${limit} offset ${skip}`

/** Counts the rows of the whole list. */
export async function countAll(db: Db, query: ListQuery): Promise<number> {
  const [row] = await db.query<{ total: number }>(
    sql`select count(*) as total from subscription where ${conditionsOf(query)}`,
  )
  return required(row, 'the row of a count').total
}

function conditionsOf(query: ListQuery): Sql {
  const { inOrder = [], rest } = planOf(query)
  return activeIn(query.tenant, [...inOrder, ...rest])
}

const activeIn = (tenant: string, conditions: readonly Condition[]): Sql =>
  conjunction([ACTIVE, sql`tenant = ${tenant}`, ...conditions.map(compile)])
