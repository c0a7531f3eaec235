import type { Db } from '../../db/database.ts'
import { sql, type Sql } from '../../db/sql.ts'
import { compile } from '../search/compile.ts'
import type { Condition } from '../search/condition.ts'
import { compileOrder } from '../search/order.ts'
import { LIVING } from '../subscriptions/living.ts'
import { all } from '../subscriptions/store.ts'
import { planOf, type ListQuery } from './plan.ts'

/** So many rows are quickly found and sorted, wherever they lie. */
const FEW = 5000
/** How far a list is read in its order before its rows are looked for in another way. */
const LOOK_AHEAD = 20_000

export interface Range {
  readonly limit: number
  readonly skip: number
}

export interface Reach {
  /** In place of FEW and LOOK_AHEAD. */
  readonly few?: number
  readonly lookAhead?: number
}

interface Found {
  readonly id: number
}

/**
 * The ids of a page, in the order of the list. With a limit PostgreSQL likes to read a list in its order, in the hope of
 * meeting enough rows soon; when those that fulfil the conditions are all at the other end it reads the whole tenant. So
 * it is not left to hope: few expected matches are found by the conditions and sorted; many are met soon, or not at all.
 */
export async function findPage(db: Db, query: ListQuery, range: Range, { few = FEW, lookAhead = LOOK_AHEAD }: Reach = {}): Promise<number[]> {
  const { inOrder, rest } = planOf(query)
  if (inOrder === undefined || rest.length === 0) return idsOf(await readInOrder(db, query, range))
  if ((await expectedMatches(db, query)) > few) {
    const found = await readAhead(db, query, { inOrder, rest, rows: lookAhead + 2 * (range.skip + range.limit) }, range)
    if (found.length === range.limit) return idsOf(found)
  }
  return idsOf(await gather(db, query, range))
}

const idsOf = (found: readonly Found[]) => found.map(({ id }) => id)

/** PostgreSQL chooses. */
const readInOrder = (db: Db, query: ListQuery, range: Range) => db.query<Found>(sql`
  ${selectIds(query)}
  ${compileRange(range)}`)

interface Ahead {
  readonly inOrder: readonly Condition[]
  readonly rest: readonly Condition[]
  readonly rows: number
}

/** Reads the first rows of the order, and no further, and takes of them those that fulfil the rest. */
const readAhead = (db: Db, { tenant, order }: ListQuery, { inOrder, rest, rows }: Ahead, range: Range) => db.query<Found>(sql`
  select subscription.id
  from (
    select *
    from subscription
    where ${livingIn(tenant, inOrder)}
    order by ${compileOrder(order)}
    limit ${rows}) as subscription
  where ${all(rest.map(compile))}
  order by ${compileOrder(order)}
  ${compileRange(range)}`)

/** Finds all rows by their conditions, then sorts: through "offset 0" neither order nor limit bears on how they are found. */
const gather = (db: Db, query: ListQuery, range: Range) => db.query<Found>(sql`
  select subscription.id
  from (
    select *
    from subscription
    where ${conditionsOf(query)}
    offset 0) as subscription
  order by ${compileOrder(query.order)}
  ${compileRange(range)}`)

/** How many rows PostgreSQL expects to fulfil all conditions. */
async function expectedMatches(db: Db, query: ListQuery): Promise<number> {
  const [row] = await db.query<{ 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Plan Rows': number } }] }>(sql`
    explain (format json) select from subscription where ${conditionsOf(query)}`)
  if (!row) throw new Error('explain has no answer')
  return row['QUERY PLAN'][0].Plan['Plan Rows']
}

/** All ids of a list, in its order. */
export const selectIds = (query: ListQuery): Sql => sql`
  select subscription.id
  from subscription
  where ${conditionsOf(query)}
  order by ${compileOrder(query.order)}`

export const compileRange = ({ limit, skip }: { readonly limit: number | null; readonly skip: number }): Sql => sql`limit ${limit} offset ${skip}`

/** How long a list is as a whole. */
export async function countAll(db: Db, query: ListQuery): Promise<number> {
  const [row] = await db.query<{ total: number }>(sql`select count(*) as total from subscription where ${conditionsOf(query)}`)
  return row?.total ?? 0
}

function conditionsOf(query: ListQuery): Sql {
  const { inOrder = [], rest } = planOf(query)
  return livingIn(query.tenant, [...inOrder, ...rest])
}

const livingIn = (tenant: string, conditions: readonly Condition[]): Sql => all([LIVING, sql`tenant = ${tenant}`, ...conditions.map(compile)])
