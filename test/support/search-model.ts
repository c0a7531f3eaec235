import type { Condition, Comparison, Value } from '@tidings/server/api/search/condition.ts'
import { ATTRIBUTES, OPERATORS_OF } from '@tidings/server/api/search/attributes.ts'
import fc from 'fast-check'
import type { StoredSubscription } from './stored-state.ts'

/** What a row has under the name of an attribute. Times as texts, which sort as the times do. */
export function valueIn(row: StoredSubscription, name: string): Value | null {
  const parts = /^typeFilter(\d)$/.exec(name)
  if (parts) return row.typeFilter.split('.')[Number(parts[1]) - 1] ?? ''
  const value: unknown = Reflect.get(row, name)
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  throw new Error(`a row has no ${name}`)
}

/** Whether a row fulfils a condition, by a plain reading of protocol 4.2. */
export function fulfils(row: StoredSubscription, condition: Condition): boolean {
  if (condition.kind === 'all') return condition.of.every((part) => fulfils(row, part))
  if (condition.kind === 'any') return condition.of.some((part) => fulfils(row, part))
  const value = valueIn(row, condition.attribute.name)
  return value !== null && passes(value, condition)
}

function passes(value: Value, { operator, values }: Comparison): boolean {
  const [first = '', second = ''] = values
  switch (operator) {
    case 'eq':
      return value === first
    case 'neq':
      return value !== first
    case 'lt':
      return compare(value, first) < 0
    case 'lte':
      return compare(value, first) <= 0
    case 'gt':
      return compare(value, first) > 0
    case 'gte':
      return compare(value, first) >= 0
    case 'between':
      return compare(value, first) >= 0 && compare(value, second) <= 0
    case 'nbetween':
      return compare(value, first) < 0 || compare(value, second) > 0
    case 'in':
      return values.includes(value)
    case 'nin':
      return !values.includes(value)
    case 'like':
      return matcher(String(first)).test(String(value))
    case 'nlike':
      return !matcher(String(first)).test(String(value))
  }
}

/** Texts by code point, which is what the bytes of UTF-8 compare by; false before true. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

/** `_` is one code point. */
const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replace(/\\(.)|[^]/gsu, (unit, literal: string | undefined) => {
      if (literal === undefined && unit === '%') return '[^]*'
      if (literal === undefined && unit === '_') return '[^]'
      return `\\u{${(literal ?? unit).codePointAt(0)?.toString(16) ?? ''}}`
    })}$`,
    'u',
  )

/** Tests whose values are for the most part those of the rows, or near them, so that some rows pass and some do not. */
export function testsOver(rows: readonly StoredSubscription[]): fc.Arbitrary<Comparison> {
  return fc.constantFrom(...ATTRIBUTES).chain((attribute) =>
    fc.constantFrom(...OPERATORS_OF[attribute.type]).chain((operator) => {
      const present = rows.map((row) => valueIn(row, attribute.name)).filter((value) => value !== null)
      const isPattern = operator.endsWith('like')
      const value = isPattern
        ? fc.constantFrom(...present).chain((one) => patternFrom(String(one)))
        : fc.constantFrom(...present)
      const count = operator.endsWith('between')
        ? { minLength: 2, maxLength: 2 }
        : { minLength: 1, maxLength: operator === 'in' || operator === 'nin' ? 5 : 1 }
      return fc.array(value, count).map((values): Comparison => ({ kind: 'comparison', attribute, operator, values }))
    }),
  )
}

/** Some characters become wildcards, the others stay themselves. */
const patternFrom = (text: string): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom('keep', 'keep', 'any', 'run'), { minLength: 12, maxLength: 12 }).map((fates) =>
    Array.from(text, (character, index) => {
      const fate = fates[index % fates.length]
      return fate === 'any' ? '_' : fate === 'run' ? '%' : /[%_\\]/.test(character) ? `\\${character}` : character
    }).join(''),
  )

export const conditionsOver = (rows: readonly StoredSubscription[]): fc.Arbitrary<Condition> =>
  fc.letrec<{ condition: Condition; group: Condition }>((tie) => ({
    condition: fc.oneof({ maxDepth: 3, withCrossShrink: true }, testsOver(rows), tie('group')),
    group: fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }),
    }),
  })).condition
