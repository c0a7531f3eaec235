import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundsViolation, MAX_BATCH_MEMBERS, MAX_DEPTH, MAX_MEMBERS, MAX_VALUES } from './json-bounds.ts'

const MIB = 1_048_576
const excess = (text: string) => boundsViolation(Buffer.from(text))
const list = (elements: readonly string[]) => `[${elements.join()}]`
const members = (count: number, name: (index: number) => string = (index) => `k${index}`) =>
  Array.from({ length: count }, (_, index) => `"${name(index)}":1`).join()

/** The same by a parser: levels, members and values of what a text says. */
function sizeOf(value: unknown): { depth: number; members: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, members: 0, values: 0 }
  const inner = Object.values(value).map(sizeOf)
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    members: (Array.isArray(value) ? 0 : inner.length) + inner.reduce((sum, one) => sum + one.members, 0),
    values:
      1 + (Array.isArray(value) ? Math.max(0, inner.length - 1) : 0) + inner.reduce((sum, one) => sum + one.values, 0),
  }
}

const spaced = fc
  .tuple(fc.jsonValue(), fc.nat(60), fc.constantFrom('list', 'object'), fc.constantFrom('', ' ', '\t'))
  .map(([value, levels, kind, space]) => {
    let whole: unknown = value
    for (let level = 0; level < levels; level += 1) whole = kind === 'list' ? [whole] : { ':': whole }
    return JSON.stringify(whole, null, space)
  })

describe('what looks like a request passes', () => {
  test('whatever fast-check finds within the bounds', () => {
    fc.assert(
      fc.property(spaced, (text) => {
        const { depth, members: count, values } = sizeOf(JSON.parse(text))
        const isWithin = depth <= MAX_DEPTH && count <= MAX_MEMBERS && values <= MAX_VALUES
        expect(excess(text) === undefined).toBe(isWithin)
      }),
      { numRuns: 500 },
    )
  })

  test('strings are skipped, whatever they contain', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', ':', ',', 'é', '\u2028', '😀'), maxLength: 5000 }),
        (text) => {
          expect(excess(JSON.stringify({ [text]: text }))).toBeUndefined()
        },
      ),
    )
  })

  test.each([
    ['as many levels as may be', '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)],
    ['as many members as may be', `{${members(MAX_MEMBERS)}}`],
    ['as many elements as may be', list(Array<string>(MAX_VALUES).fill('1'))],
    [
      '1 MiB of delivery targets',
      `{"deliveryTargets":${list(Array<string>(20_900).fill('{"deliveryMethod":"EMAIL","deliveryAddress":"a@b"}'))}}`,
    ],
    ['1 MiB of one text', `{"data":"${'x'.repeat(MIB)}"}`],
    ['1 MiB of quotes in a text', `{"data":"${'\\"'.repeat(MIB / 2)}"}`],
    ['a text that ends with a backslash', '{"a":"\\\\","b":[{"c":"\\\\\\""}]}'],
    ['nothing', ''],
  ])('%s', (_what, text) => {
    expect(excess(text)).toBeUndefined()
  })
})

describe('a body beyond a bound is rejected, and the rejection says which', () => {
  test.each([
    ['lists', '['.repeat(MAX_DEPTH + 1), 'levels deep'],
    ['objects', '{"a":'.repeat(MAX_DEPTH + 1), 'levels deep'],
    ['both in turn', '[{"a":'.repeat(MAX_DEPTH), 'levels deep'],
    ['levels behind a name with an escaped quote', `{"a\\"":${'['.repeat(MAX_DEPTH)}`, 'levels deep'],
    ['members of one object', `{${members(MAX_MEMBERS + 1)}}`, 'members in all'],
    [
      'members of many objects',
      list(Array.from({ length: MAX_MEMBERS + 1 }, (_, index) => `{"k${index}":1}`)),
      'members in all',
    ],
    ['the same member again and again', `{${members(MAX_MEMBERS + 1, () => 'a')}}`, 'members in all'],
    ['names of a target written otherwise', `{${members(MAX_MEMBERS + 1, () => 'd\\u006fmain')}}`, 'members in all'],
    ['names that begin like one of a target', `{${members(MAX_MEMBERS + 1, () => 'domains')}}`, 'members in all'],
    ['colons behind one name', `{"domain"${':'.repeat(MAX_MEMBERS + 2)}`, 'members in all'],
    ['elements', list(Array<string>(MAX_VALUES + 1).fill('1')), 'elements in all'],
    ['empty lists', `${'[],'.repeat(MAX_VALUES)}[]`, 'elements in all'],
    ['lists of one element', list(Array<string>(MAX_VALUES / 2 + 1).fill('[1]')), 'elements in all'],
  ])('%s', (_what, text, words) => {
    expect(excess(text)).toContain(words)
  })

  test('wherever it stands in something that is allowed', () => {
    const tooDeep = fc.integer({ min: MAX_DEPTH, max: 200 }).map((levels) => '['.repeat(levels) + ']'.repeat(levels))
    const tooWide = fc.integer({ min: MAX_MEMBERS + 1, max: 3000 }).map((count) => `{${members(count)}}`)
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.oneof(tooDeep, tooWide), fc.string(), (before, wrong, name) => {
        expect(excess(`{"a":${JSON.stringify(before)},${JSON.stringify(name)}:${wrong}}`)).toBeDefined()
      }),
    )
  })
})

test('a batch of events may have more members, up to a bound of its own', () => {
  const inBatch = (count: number) => boundsViolation(Buffer.from(`{${members(count)}}`), MAX_BATCH_MEMBERS)
  expect(inBatch(MAX_BATCH_MEMBERS)).toBeUndefined()
  expect(inBatch(MAX_BATCH_MEMBERS + 1)).toBe('its objects have more than 17000 members in all')
})
