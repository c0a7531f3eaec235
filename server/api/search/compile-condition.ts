import { empty, join, sql, type Sql } from '../../db/sql.ts'
import type { AttributeType } from './attributes.ts'
import type { Condition, Comparison, Value } from './condition.ts'

/**
 * Compiles a condition on rows of the table `subscription` into SQL. Values become parameters only: one for a
 * comparison, two for a range, one for a whole list. The parsers bound the number of comparisons in a tree
 * (search-limits.ts).
 */
export function compile(condition: Condition): Sql {
  switch (condition.kind) {
    case 'all':
      return joined(condition.of, ' and ', sql`true`)
    case 'any':
      return joined(condition.of, ' or ', sql`false`)
    case 'comparison':
      return compileComparison(condition)
    default:
      return condition satisfies never
  }
}

function joined(conditions: readonly Condition[], word: ' and ' | ' or ', none: Sql): Sql {
  return conditions.length === 0 ? none : sql`(${join(conditions.map(compile), word)})`
}

/** A null column fulfils none of these, not even the negated ones (protocol 4.2). */
function compileComparison({ attribute: { column, type }, operator, values }: Comparison): Sql {
  const first = () => typed(values[0], type)
  switch (operator) {
    case 'eq':
      return sql`${column} = ${first()}`
    case 'neq':
      return sql`${column} <> ${first()}`
    case 'lt':
      return sql`${column} < ${first()}`
    case 'lte':
      return sql`${column} <= ${first()}`
    case 'gt':
      return sql`${column} > ${first()}`
    case 'gte':
      return sql`${column} >= ${first()}`
    case 'between':
      return sql`${column} between ${first()} and ${typed(values[1], type)}`
    case 'nbetween':
      return sql`${column} not between ${first()} and ${typed(values[1], type)}`
    case 'in':
      return sql`${column} = any (${[...values]}${CASTS[type].many})`
    case 'nin':
      return sql`${column} <> all (${[...values]}${CASTS[type].many})`
    case 'like':
      return sql`${column} like ${first()} escape '\\'`
    case 'nlike':
      return sql`${column} not like ${first()} escape '\\'`
    default:
      return operator satisfies never
  }
}

function typed(value: Value | undefined, type: AttributeType): Sql {
  if (value === undefined) throw new Error('a test has fewer values than its operator takes')
  return sql`${value}${CASTS[type].one}`
}

/**
 * A text needs no cast, because it is compared with a text; without one PostgreSQL would guess the type of the others.
 */
const CASTS: Readonly<Record<AttributeType, { readonly one: Sql; readonly many: Sql }>> = {
  text: { one: empty, many: sql`::text[]` },
  integer: { one: sql`::integer`, many: sql`::integer[]` },
  boolean: { one: sql`::boolean`, many: sql`::boolean[]` },
  timestamp: { one: sql`::timestamptz`, many: sql`::timestamptz[]` },
  uuid: { one: sql`::uuid`, many: sql`::uuid[]` },
}
