import { sanitize } from '../../runtime/display-text.ts'
import { OPERATORS, type Operator } from './operators.ts'
import { patternOfStars } from './like-pattern.ts'
import { findAttribute, typedComparison, type ComparisonResult } from './typed-comparison.ts'

const ATTRIBUTE_FORM = /^[a-zA-Z][a-zA-Z0-9_]*$/
const BY_NAME: ReadonlyMap<string, Operator> = new Map(OPERATORS.map((operator) => [operator, operator] as const))
const RANGES: readonly Operator[] = ['between', 'nbetween']
const LISTS: readonly Operator[] = ['in', 'nin', ...RANGES]
const PATTERNS: readonly Operator[] = ['like', 'nlike']

/** Reads `attr.op.value`, as in condition texts and free-form parameters (protocol 4.2). */
export function parseBareCondition(text: string): ComparisonResult {
  const [attribute, operatorName, value] = splitAtDots(text)
  const found = attributePart(attribute)
  const operator = BY_NAME.get(operatorName?.toLowerCase() ?? '')
  const violations = [
    ...(found.kind === 'invalid' ? found.violations : []),
    ...(attribute === undefined || operator !== undefined ? [] : [operatorViolation(operatorName ?? '')]),
    ...(operatorName === undefined ? [] : formViolations(operator, value ?? '')),
  ]
  if (found.kind === 'invalid' || operator === undefined || value === undefined || violations.length > 0)
    return { kind: 'invalid', violations }
  return typedComparison(found.attribute, operator, valuesOf(operator, value))
}

/**
 * Splits at the first two dots; the value keeps all further ones. Without a dot there is no attribute, without a second
 * one no operator.
 */
function splitAtDots(text: string): readonly [attribute?: string, operator?: string, value?: string] {
  const first = text.indexOf('.')
  if (first < 0) return []
  const second = text.indexOf('.', first + 1)
  if (second < 0) return [text.slice(0, first)]
  return [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)]
}

function attributePart(attribute: string | undefined): ReturnType<typeof findAttribute> {
  if (attribute === undefined || attribute.trim() === '')
    return { kind: 'invalid', violations: ['SEARCH_COND_INVALID_NOATTR there is no attribute'] }
  if (ATTRIBUTE_FORM.test(attribute)) return findAttribute(attribute)
  return {
    kind: 'invalid',
    violations: [`SEARCH_COND_INVALID_ATTR ${sanitize(attribute)} is not the name of an attribute`],
  }
}

const operatorViolation = (name: string): string =>
  name.trim() === ''
    ? 'SEARCH_COND_INVALID_NOOPER there is no operator'
    : `SEARCH_COND_INVALID_OP ${sanitize(name)} is not an operator`

/** Returns what is wrong with a value, whatever the attribute. A comma needs no backslash where it separates values. */
function formViolations(operator: Operator | undefined, value: string): string[] {
  if (value.trim() === '') return ['SEARCH_COND_INVALID_NOVAL there is no value']
  const isCommaFree = operator === undefined || LISTS.includes(operator)
  const violations: string[] = []
  if ((isCommaFree ? /(?<!\\)[~()]/ : /(?<!\\)[~,()]/).test(value))
    violations.push('SEARCH_COND_INVALID_VAL the characters ~ , ( ) need a backslash in a value')
  if (operator === undefined || !isCommaFree) return violations
  const elements = elementsOf(value)
  if (elements.some((element) => element.trim() === ''))
    violations.push('SEARCH_COND_INVALID_VAL a value of the list is blank')
  if (RANGES.includes(operator) && elements.length !== 2)
    violations.push(`SEARCH_COND_INVALID_OP2 ${operator} takes two values, not ${elements.length}`)
  return violations
}

/** Returns the unescaped texts. Patterns keep their backslashes until now: there they may also precede `*` and `!`. */
function valuesOf(operator: Operator, value: string): string[] {
  if (PATTERNS.includes(operator)) return [patternOfStars(value)]
  return (LISTS.includes(operator) ? elementsOf(value) : [value]).map(unescaped)
}

const elementsOf = (value: string): string[] => value.split(/(?<!\\),/)

/** A backslash escapes a special character only; before any other it is an ordinary character. */
const unescaped = (value: string): string => value.replace(/\\([~,()])/g, '$1')
