import { sql, type Sql } from '../../db/sql.ts'
import type { Operator } from './operators.ts'

export type AttributeType = 'text' | 'integer' | 'boolean' | 'timestamp' | 'uuid'

/** The attributes of a subscription that conditions may name. */
export interface Attribute {
  /** The name on the wire. */
  readonly name: string
  readonly type: AttributeType
  /** Texts compare by code point, whatever the locale of the database: the columns are declared so. */
  readonly column: Sql
}

const text = (name: string, column: Sql): Attribute => ({ name, type: 'text', column })

/** The attributes of the original (protocol 4.2), without its row number. */
export const ATTRIBUTES: readonly Attribute[] = [
  text('tenant', sql`subscription.tenant`),
  text('owner', sql`subscription.owner`),
  text('name', sql`subscription.name`),
  text('description', sql`subscription.description`),
  text('typeFilter', sql`subscription.type_filter`),
  text('typeFilter1', sql`subscription.type1`),
  text('typeFilter2', sql`subscription.type2`),
  text('typeFilter3', sql`subscription.type3`),
  text('subjectFilter', sql`subscription.subject_filter`),
  { name: 'ttlMinutes', type: 'integer', column: sql`subscription.ttl_minutes` },
  { name: 'enabled', type: 'boolean', column: sql`subscription.enabled` },
  { name: 'uuid', type: 'uuid', column: sql`subscription.uuid` },
  { name: 'expiry', type: 'timestamp', column: sql`subscription.expiry` },
  { name: 'created', type: 'timestamp', column: sql`subscription.created` },
  { name: 'updated', type: 'timestamp', column: sql`subscription.updated` },
]

/** In camel case and snake case: `typeFilter`, `type_filter`. */
const spellings = ({ name }: Attribute): readonly string[] => [
  name.toLowerCase(),
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
]

const BY_SPELLING: ReadonlyMap<string, Attribute> = new Map(
  ATTRIBUTES.flatMap((attribute) => spellings(attribute).map((spelling) => [spelling, attribute] as const)),
)

/**
 * Returns the attribute of a name in either spelling and any case, as in the original; so `ttlminutes`, the original's
 * column, is a name as well.
 */
export const attributeOf = (spelling: string): Attribute | undefined => BY_SPELLING.get(spelling.toLowerCase())

const ORDER: readonly Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween', 'in', 'nin']

/** The operators of each type (protocol 4.2). */
export const OPERATORS_OF: Readonly<Record<AttributeType, readonly Operator[]>> = {
  text: [...ORDER, 'like', 'nlike'],
  integer: ORDER,
  boolean: ['eq', 'neq'],
  timestamp: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween'],
  uuid: ['eq', 'neq', 'in', 'nin'],
}
