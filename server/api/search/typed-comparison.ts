import { isUuid } from '@tidings/contract/uuid.ts'
import { parseInt32 } from '../http/int32.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { unstorableReason } from '../../db/storable-text.ts'
import { attributeOf, OPERATORS_OF, type Attribute, type AttributeType } from './attributes.ts'
import type { Comparison, Value } from './condition.ts'
import type { Operator } from './operators.ts'
import { MAX_VALUES } from './search-limits.ts'
import { exactComparison } from './exact-comparison.ts'
import { parseTimestamp, type Instant } from './timestamp.ts'

/** A comparison, or everything that is wrong with it: lines that begin with a code of the original. */
export type ComparisonResult =
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  | { readonly kind: 'invalid'; readonly violations: readonly string[] }

const EXPECTED: Readonly<Record<AttributeType, string>> = {
  text: 'a text',
  integer: 'a whole number from -2147483648 to 2147483647',
  boolean: 'true or false',
  timestamp: 'a timestamp such as 2026, 2026-11-23 or 2026-11-23T10:00:00.5+01:00 (in a query, %2B for the plus)',
  uuid: 'a uuid',
}

/** Returns the attribute of this name, or a violation. */
export function findAttribute(
  spelling: string,
):
  | { readonly kind: 'attribute'; readonly attribute: Attribute }
  | { readonly kind: 'invalid'; readonly violations: readonly string[] } {
  const attribute = attributeOf(spelling)
  return attribute
    ? { kind: 'attribute', attribute }
    : { kind: 'invalid', violations: [`NTFLIB_DB_NO_COLUMN there is no attribute ${sanitize(spelling)}`] }
}

/**
 * Checks the operator, and converts the texts to the type of the attribute. There must be as many texts as the operator
 * takes; like and nlike take a pattern of SQL.
 */
export function typedComparison(attribute: Attribute, operator: Operator, texts: readonly string[]): ComparisonResult {
  if (texts.length > MAX_VALUES)
    return { kind: 'invalid', violations: [`SEARCH_LIST_ERROR there are more than ${MAX_VALUES} values`] }
  const takes = OPERATORS_OF[attribute.type]
  const operatorViolations = takes.includes(operator)
    ? []
    : [`SEARCH_DB_INVALID_SEARCH_OP ${attribute.name} takes ${takes.join(', ')}, not ${operator}`]
  const violations = [...operatorViolations, ...texts.flatMap((text) => valueViolations(attribute, text))]
  if (violations.length > 0) return { kind: 'invalid', violations }
  return {
    kind: 'comparison',
    comparison: { kind: 'comparison', attribute, ...operatorAndValues(attribute.type, operator, texts) },
  }
}

function valueViolations({ name, type }: Attribute, text: string): string[] {
  const violation = unstorableReason(text)
  if (violation !== undefined) return [`SEARCH_DB_INVALID_SEARCH_VALUE a value of ${name} ${violation}`]
  const isOfType = (type === 'timestamp' ? parseTimestamp(text) : valueOf(type, text)) !== undefined
  return isOfType
    ? []
    : [`SEARCH_DB_INVALID_SEARCH_VALUE ${name} is compared with ${EXPECTED[type]}, not with ${sanitize(text)}`]
}

function operatorAndValues(
  type: AttributeType,
  operator: Operator,
  texts: readonly string[],
): Pick<Comparison, 'operator' | 'values'> {
  if (type !== 'timestamp') return { operator, values: present(texts.map((text) => valueOf(type, text))) }
  const [first, second] = present(texts.map(parseTimestamp))
  if (first === undefined) throw new Error(`${operator} came without a value`)
  return exactComparison(operator, second ? [first, second] : [first])
}

const present = <T extends Value | Instant>(values: readonly (T | undefined)[]): T[] =>
  values.filter((value) => value !== undefined)

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
