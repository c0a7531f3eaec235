import { ATTRIBUTES, OPERATORS_OF, type Attribute } from '@tidings/server/api/search/attributes.ts'
import type { Condition, Comparison, Value } from '@tidings/server/api/search/condition.ts'
import type { Operator } from '@tidings/server/api/search/operators.ts'
import { unstorableReason } from '@tidings/server/db/storable-text.ts'
import fc from 'fast-check'

const LISTS: readonly Operator[] = ['in', 'nin', 'between', 'nbetween']

const codePoints = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0x10ffff }))
  .map((point) => String.fromCodePoint(point))
/** Any string of JavaScript: whole characters, half pairs, controls. */
export const anyText = fc.array(codePoints, { maxLength: 20 }).map((characters) => characters.join(''))

/** Texts rich in what the languages treat specially. */
const character = fc.oneof(
  fc.stringMatching(/^[~,()\\*!%_.'"/ ab-]$/),
  codePoints.filter((point) => unstorableReason(point) === undefined),
)
const text = fc
  .array(character, { maxLength: 12 })
  .map((characters) => characters.join(''))
  .filter((value) => value.trim() !== '')
/** In the one form that the tree has: a backslash only before `%`, `_` and a backslash. */
const pattern = fc
  .array(
    fc.oneof(
      fc.constantFrom('%', '_', '\\%', '\\_', '\\\\'),
      text.map((value) => value.replace(/[%_\\]/g, 'x')),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pieces) => pieces.join(''))
const timestamp = fc
  .date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true })
  .chain((date) =>
    fc.nat({ max: 999 }).map((micros) => date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)),
  )

function valueOf({ type }: Attribute, operator: Operator): fc.Arbitrary<Value> {
  switch (type) {
    case 'text':
      return operator.endsWith('like')
        ? pattern
        : LISTS.includes(operator)
          ? text.filter((value) => !value.endsWith('\\'))
          : text
    case 'integer':
      return fc.integer()
    case 'boolean':
      return fc.boolean()
    case 'timestamp':
      return timestamp
    case 'uuid':
      return fc.uuid()
  }
}

const sizeOf = (operator: Operator): { minLength: number; maxLength: number } => {
  if (operator.endsWith('between')) return { minLength: 2, maxLength: 2 }
  return { minLength: 1, maxLength: LISTS.includes(operator) ? 4 : 1 }
}

/** Any test that every syntax can write. */
export const tests: fc.Arbitrary<Comparison> = fc
  .constantFrom(...ATTRIBUTES)
  .chain((attribute) => fc.constantFrom(...OPERATORS_OF[attribute.type]).map((operator) => ({ attribute, operator })))
  .chain(({ attribute, operator }) =>
    fc
      .array(valueOf(attribute, operator), sizeOf(operator))
      .map((values) => ({ kind: 'comparison', attribute, operator, values })),
  )

/** Trees of any shape; a group has two members at least. */
export const conditions: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition; group: Condition }>((tie) => ({
  condition: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tests, tie('group')),
  group: fc.record({
    kind: fc.constantFrom('all' as const, 'any' as const),
    of: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }),
  }),
})).condition
