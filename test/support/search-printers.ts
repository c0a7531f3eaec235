import type { Condition, Comparison, Value } from '@tidings/server/api/search/condition.ts'
import type { Operator } from '@tidings/server/api/search/operators.ts'

/**
 * `(attr.op.value)~(attr.op.value)`. A list has no way to write a text that ends in a backslash, but as its last one.
 */
export const printConditionText = (tests: readonly Comparison[]): string =>
  tests.map((test) => `(${printBare(test)})`).join('~')

export type FreeFormEncoding = 'plain' | 'brackets' | 'json'

/**
 * The query parameters of GET /subscriptions/search, as the generated clients send them. Names are distinct or the JSON
 * would lose some.
 */
export function printFreeForm(tests: readonly Comparison[], encoding: FreeFormEncoding): (readonly [string, string])[] {
  const pairs = tests.map((test) => [`${test.attribute.name}.${test.operator}`, printBareValue(test)] as const)
  switch (encoding) {
    case 'plain':
      return pairs
    case 'brackets':
      return pairs.map(([name, value]) => [`freeFormParameterName[${name}]`, value])
    case 'json':
      return [['freeFormParameterName', JSON.stringify(Object.fromEntries(pairs))]]
  }
}

const printBare = (test: Comparison): string => `${test.attribute.name}.${test.operator}.${printBareValue(test)}`

function printBareValue({ operator, values }: Comparison): string {
  if (operator === 'like' || operator === 'nlike') return starsOf(String(values[0]))
  return values.map((value) => escaped(String(value), '~,()')).join(',')
}

const escaped = (text: string, special: string): string =>
  Array.from(text, (character) => (special.includes(character) ? `\\${character}` : character)).join('')

/** A pattern of SQL, as the tree has it, written with `*` and `!`. */
const starsOf = (pattern: string): string =>
  pattern.replace(/\\([\s\S])|[\s\S]/g, (unit, literal: string | undefined) => {
    if (literal !== undefined) return escaped(literal, '~,()*!\\')
    return unit === '%' ? '*' : unit === '_' ? '!' : escaped(unit, '~,()*!\\')
  })

export interface SqlStyle {
  /** Between two words: a blank, a line end, a comment. */
  readonly gap: string
  readonly isUpperCase: boolean
  /** `NOT LIKE` instead of `NLIKE`. */
  readonly isSpelledOut: boolean
  /** `5` and `TRUE` instead of `'5'` and `'true'`, where the language lets them. */
  readonly isBare: boolean
}

const COMPARISONS: Partial<Record<Operator, string>> = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }
const MATCHES: Partial<Record<Operator, string>> = {
  like: 'like',
  between: 'between',
  in: 'in',
  nlike: 'like',
  nbetween: 'between',
  nin: 'in',
}

/** The language of POST /subscriptions/search. Every group is in parentheses. */
export function printSqlLike(condition: Condition, style: SqlStyle): string {
  const word = (text: string) => (style.isUpperCase ? text.toUpperCase() : text)
  if (condition.kind === 'comparison') return printSqlTest(condition, style, word)
  const parts = condition.of.map((part) =>
    part.kind === 'comparison' ? printSqlLike(part, style) : `(${printSqlLike(part, style)})`,
  )
  return parts.join(`${style.gap}${word(condition.kind === 'all' ? 'and' : 'or')}${style.gap}`)
}

function printSqlTest(
  { attribute, operator, values }: Comparison,
  style: SqlStyle,
  word: (text: string) => string,
): string {
  const [first = ''] = values
  const comparison = COMPARISONS[operator]
  if (comparison !== undefined)
    return [attribute.name, comparison, style.isBare ? bare(first) : quoted(first)].join(style.gap)
  const isNegated = operator.startsWith('n')
  const name = word(MATCHES[operator] ?? '')
  const spelled = isNegated ? (style.isSpelledOut ? `${word('not')}${style.gap}${name}` : `${word('n')}${name}`) : name
  const texts = values.map(quoted)
  const operands =
    name.toLowerCase() === 'in'
      ? `(${texts.join(`${style.gap},`)})`
      : texts.join(`${style.gap}${word('and')}${style.gap}`)
  return [attribute.name, spelled, operands].join(style.gap)
}

const quoted = (value: Value): string => `'${String(value).replaceAll("'", "''")}'`
const bare = (value: Value): string =>
  typeof value === 'boolean' || (typeof value === 'number' && value >= 0) ? String(value) : quoted(value)
