import { sql, type Sql } from '../../db/sql.ts'
import type { Operator } from './condition.ts'

export type AttributeType = 'text' | 'integer' | 'boolean' | 'timestamp' | 'uuid'

/** What can be asked about a subscription. */
export interface Attribute {
  /** As it is shown to callers. */
  readonly name: string
  readonly type: AttributeType
  /** The expression; texts say how they compare: by code points, whatever the locale of the database. */
  readonly column: Sql
}

const text = (name: string, column: Sql): Attribute => ({ name, type: 'text', column: sql`${column} collate "C"` })

/** Those of the original (contract 4.2) but its row number. */
const ATTRIBUTES: readonly Attribute[] = [
  text('tenant', sql`tenant`),
  text('owner', sql`owner`),
  text('name', sql`name`),
  text('description', sql`description`),
  text('typeFilter', sql`type_filter`),
  text('typeFilter1', sql`type1`),
  text('typeFilter2', sql`type2`),
  text('typeFilter3', sql`type3`),
  text('subjectFilter', sql`subject_filter`),
  { name: 'ttlMinutes', type: 'integer', column: sql`ttl_minutes` },
  { name: 'enabled', type: 'boolean', column: sql`enabled` },
  { name: 'uuid', type: 'uuid', column: sql`uuid` },
  { name: 'expiry', type: 'timestamp', column: sql`expiry` },
  { name: 'created', type: 'timestamp', column: sql`created` },
  { name: 'updated', type: 'timestamp', column: sql`updated` },
]

/** `typeFilter`, `type_filter`; and, as the original's column has it, `ttlminutes`. */
const spellings = ({ name }: Attribute): readonly string[] => {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return name === 'ttlMinutes' ? [name, snake, name.toLowerCase()] : [name, snake]
}

const BY_SPELLING: ReadonlyMap<string, Attribute> = new Map(ATTRIBUTES.flatMap((attribute) => spellings(attribute).map((spelling) => [spelling, attribute] as const)))

/** Undefined when there is none of this spelling. */
export const attributeOf = (spelling: string): Attribute | undefined => BY_SPELLING.get(spelling)

const ORDER: readonly Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween', 'in', 'nin']

/** Which operators a type takes (contract 4.2). */
export const OPERATORS_OF: Readonly<Record<AttributeType, readonly Operator[]>> = {
  text: [...ORDER, 'like', 'nlike'],
  integer: ORDER,
  boolean: ['eq', 'neq'],
  timestamp: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween'],
  uuid: ['eq', 'neq', 'in', 'nin'],
}
