import { sql, type Sql } from '../../db/sql.ts'
import type { Operator } from './condition.ts'

export type AttributeType = 'text' | 'integer' | 'boolean' | 'timestamp' | 'uuid'

/** What can be asked about a subscription. */
export interface Attribute {
  /** As it is shown to callers. */
  readonly name: string
  readonly type: AttributeType
  /** Texts compare by code point, whatever the locale of the database: the columns say so. */
  readonly column: Sql
}

const text = (name: string, column: Sql): Attribute => ({ name, type: 'text', column })

/** Those of the original (contract 4.2) but its row number. */
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

/** Camel and snake: `typeFilter`, `type_filter`. */
const spellings = ({ name }: Attribute): readonly string[] => [name.toLowerCase(), name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]

const BY_SPELLING: ReadonlyMap<string, Attribute> = new Map(ATTRIBUTES.flatMap((attribute) => spellings(attribute).map((spelling) => [spelling, attribute] as const)))

/** In either spelling and any case, as the original has it; so `ttlminutes`, the original's column, is one as well. */
export const attributeOf = (spelling: string): Attribute | undefined => BY_SPELLING.get(spelling.toLowerCase())

const ORDER: readonly Operator[] = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween', 'in', 'nin']

/** Which operators a type takes (contract 4.2). */
export const OPERATORS_OF: Readonly<Record<AttributeType, readonly Operator[]>> = {
  text: [...ORDER, 'like', 'nlike'],
  integer: ORDER,
  boolean: ['eq', 'neq'],
  timestamp: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween'],
  uuid: ['eq', 'neq', 'in', 'nin'],
}
