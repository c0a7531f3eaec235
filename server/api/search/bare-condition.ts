import { shown } from '../shown-text.ts'
import { OPERATORS, type Operator } from './condition.ts'
import { patternOfStars } from './like-pattern.ts'
import { findAttribute, typedTest, type Typed } from './typed-test.ts'

const ATTRIBUTE_FORM = /^[a-zA-Z][a-zA-Z0-9_]*$/
const BY_NAME: ReadonlyMap<string, Operator> = new Map(OPERATORS.map((operator) => [operator, operator] as const))
const RANGES: readonly Operator[] = ['between', 'nbetween']
const LISTS: readonly Operator[] = ['in', 'nin', ...RANGES]
const PATTERNS: readonly Operator[] = ['like', 'nlike']

/** `attr.op.value`, as condition texts and free-form parameters have it (contract 4.2). */
export function readBareCondition(text: string): Typed {
  const [attribute, operatorName, value] = splitAtDots(text)
  const found = attributePart(attribute)
  const operator = BY_NAME.get(operatorName?.toLowerCase() ?? '')
  const faults = [
    ...(found.kind === 'faults' ? found.faults : []),
    ...(attribute === undefined || operator !== undefined ? [] : [operatorFault(operatorName ?? '')]),
    ...(operatorName === undefined ? [] : formFaults(operator, value ?? '')),
  ]
  if (found.kind === 'faults' || operator === undefined || value === undefined || faults.length > 0) return { kind: 'faults', faults }
  return typedTest(found.attribute, operator, valuesOf(operator, value))
}

/** The value has all further dots. Without a dot there is no attribute, without a second one no operator. */
function splitAtDots(text: string): readonly [attribute?: string, operator?: string, value?: string] {
  const first = text.indexOf('.')
  if (first < 0) return []
  const second = text.indexOf('.', first + 1)
  if (second < 0) return [text.slice(0, first)]
  return [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)]
}

function attributePart(attribute: string | undefined): ReturnType<typeof findAttribute> {
  if (attribute === undefined || attribute.trim() === '') return { kind: 'faults', faults: ['SEARCH_COND_INVALID_NOATTR there is no attribute'] }
  if (ATTRIBUTE_FORM.test(attribute)) return findAttribute(attribute)
  return { kind: 'faults', faults: [`SEARCH_COND_INVALID_ATTR ${shown(attribute)} is no name of an attribute`] }
}

const operatorFault = (name: string): string => (name.trim() === '' ? 'SEARCH_COND_INVALID_NOOPER there is no operator' : `SEARCH_COND_INVALID_OP ${shown(name)} is no operator`)

/** What is wrong with a value, whatever the attribute. A comma is free where it separates values. */
function formFaults(operator: Operator | undefined, value: string): string[] {
  if (value.trim() === '') return ['SEARCH_COND_INVALID_NOVAL there is no value']
  const isCommaFree = operator === undefined || LISTS.includes(operator)
  const faults: string[] = []
  if ((isCommaFree ? /(?<!\\)[~()]/ : /(?<!\\)[~,()]/).test(value)) faults.push('SEARCH_COND_INVALID_VAL the characters ~ , ( ) need a backslash in a value')
  if (operator === undefined || !isCommaFree) return faults
  const elements = elementsOf(value)
  if (elements.some((element) => element.trim() === '')) faults.push('SEARCH_COND_INVALID_VAL a value of the list is blank')
  if (RANGES.includes(operator) && elements.length !== 2) faults.push(`SEARCH_COND_INVALID_OP2 ${operator} takes two values, not ${elements.length}`)
  return faults
}

/** The texts that are meant. Patterns keep their backslashes until now: there they also stand before `*` and `!`. */
function valuesOf(operator: Operator, value: string): string[] {
  if (PATTERNS.includes(operator)) return [patternOfStars(value)]
  return (LISTS.includes(operator) ? elementsOf(value) : [value]).map(unescaped)
}

const elementsOf = (value: string): string[] => value.split(/(?<!\\),/)

/** A backslash counts before a special character only; any other is itself. */
const unescaped = (value: string): string => value.replace(/\\([~,()])/g, '$1')
