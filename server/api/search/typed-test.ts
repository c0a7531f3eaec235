import { isUuid } from '@tidings/contract/uuid.ts'
import { parseInt32 } from '../int32.ts'
import { shown } from '../shown-text.ts'
import { storageFault } from '../../db/storable-text.ts'
import { attributeOf, OPERATORS_OF, type Attribute, type AttributeType } from './attributes.ts'
import type { Operator, Test, Value } from './condition.ts'
import { MAX_VALUES } from './limits.ts'
import { exactComparison } from './exact-comparison.ts'
import { parseTimestamp, type Instant } from './timestamp.ts'

/** A test, or everything that is wrong with it: lines that begin with a code of the original. */
export type Typed =
  | { readonly kind: 'test'; readonly test: Test }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }

const EXPECTED: Readonly<Record<AttributeType, string>> = {
  text: 'a text',
  integer: 'a whole number from -2147483648 to 2147483647',
  boolean: 'true or false',
  timestamp: 'a timestamp such as 2026, 2026-11-23 or 2026-11-23T10:00:00.5+01:00 (in a query, %2B for the plus)',
  uuid: 'a uuid',
}

/** The attribute of this spelling, or a fault. */
export function findAttribute(spelling: string): { readonly kind: 'attribute'; readonly attribute: Attribute } | { readonly kind: 'faults'; readonly faults: readonly string[] } {
  const attribute = attributeOf(spelling)
  return attribute ? { kind: 'attribute', attribute } : { kind: 'faults', faults: [`NTFLIB_DB_NO_COLUMN there is no attribute ${shown(spelling)}`] }
}

/** Checks the operator and gives the texts the attribute's type. There must be as many texts as the operator takes; like and nlike take a pattern of SQL. */
export function typedTest(attribute: Attribute, operator: Operator, texts: readonly string[]): Typed {
  if (texts.length > MAX_VALUES) return { kind: 'faults', faults: [`SEARCH_LIST_ERROR there are more than ${MAX_VALUES} values`] }
  const takes = OPERATORS_OF[attribute.type]
  const operatorFaults = takes.includes(operator) ? [] : [`SEARCH_DB_INVALID_SEARCH_OP ${attribute.name} takes ${takes.join(', ')}, not ${operator}`]
  const faults = [...operatorFaults, ...texts.flatMap((text) => valueFaults(attribute, text))]
  if (faults.length > 0) return { kind: 'faults', faults }
  return { kind: 'test', test: { kind: 'test', attribute, ...comparison(attribute.type, operator, texts) } }
}

function valueFaults({ name, type }: Attribute, text: string): string[] {
  const fault = storageFault(text)
  if (fault !== undefined) return [`SEARCH_DB_INVALID_SEARCH_VALUE a value of ${name} ${fault}`]
  const isOfType = (type === 'timestamp' ? parseTimestamp(text) : valueOf(type, text)) !== undefined
  return isOfType ? [] : [`SEARCH_DB_INVALID_SEARCH_VALUE ${name} is compared with ${EXPECTED[type]}, not with ${shown(text)}`]
}

function comparison(type: AttributeType, operator: Operator, texts: readonly string[]): Pick<Test, 'operator' | 'values'> {
  if (type !== 'timestamp') return { operator, values: present(texts.map((text) => valueOf(type, text))) }
  const [first, second] = present(texts.map(parseTimestamp))
  if (first === undefined) throw new Error(`${operator} came without a value`)
  return exactComparison(operator, second ? [first, second] : [first])
}

const present = <T extends Value | Instant>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined)

function valueOf(type: Exclude<AttributeType, 'timestamp'>, text: string): Value | undefined {
  switch (type) {
    case 'text':
      return text
    case 'integer':
      return parseInt32(text)
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined
    case 'uuid':
      return isUuid(text) ? text.toLowerCase() : undefined
    default:
      return type satisfies never
  }
}
