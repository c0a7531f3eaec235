import fc from 'fast-check'

/** What no schema expects where it stands. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    -0,
    2 ** 53,
    '',
    ' ',
    '*',
    '\0',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    '../..',
    "'; drop table subscription; --",
    '%',
    '${apiUserId}',
    [],
    {},
    [[]],
    [null],
  ),
  fc.string({ maxLength: 3000 }),
  fc.constantFrom(150, 151, 256, 2048, 2049, 5000, 70_000).map((length) => 'x'.repeat(length)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(40, 2000).map((depth) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1)),
)

/** One member, at any depth, is changed, removed, added or doubled. */
export const mutatedValue = (value: unknown): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom('change', 'remove', 'add', 'wrap'),
      odd,
      fc.constantFrom('extra', 'dta', '__proto__', 'uuid', 'toString', 'sourse'),
    )
    .map(([place, kind, strange, name]) => changedAt(value, place, kind, strange, name))

function changedAt(value: unknown, place: number, kind: string, strange: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return strange
  const keys = Object.keys(value)
  const key = keys[place % (keys.length + 1)]
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  if (key === undefined || kind === 'add') {
    if (Array.isArray(copy)) copy.push(strange)
    else Object.defineProperty(copy, name, { value: strange, enumerable: true, configurable: true, writable: true })
  } else if (kind === 'remove') Reflect.deleteProperty(copy, key)
  else if (kind === 'wrap') Reflect.set(copy, key, [Reflect.get(copy, key)])
  else
    Reflect.set(
      copy,
      key,
      changedAt(Reflect.get(copy, key), Math.floor(place / (keys.length + 1)), kind, strange, name),
    )
  return copy
}

/** The text of a body is cut, bent or made into something that is no JSON. */
export const mutatedText = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.nat({ max: Math.max(text.length, 1) }),
      fc.constantFrom('cut', 'insert', 'replace', 'prefix', 'double'),
      fc.constantFrom('\ufeff', '{', '}', '"', '\\', '\\u00', ',', '[[[[', '\0', 'é', '1e999', '//'),
    )
    .map(([at, kind, piece]) => {
      switch (kind) {
        case 'cut':
          return text.slice(0, at)
        case 'insert':
          return text.slice(0, at) + piece + text.slice(at)
        case 'replace':
          return text.slice(0, at) + piece + text.slice(at + piece.length)
        case 'prefix':
          return piece + text
        default:
          return text + text
      }
    })

/** An odd text of a parameter. */
export const oddText = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    '-1',
    '1e3',
    '0x10',
    '99999999999',
    'true',
    'TRUE',
    'null',
    '*',
    '%00',
    '../',
    'a'.repeat(5000),
    '\u202e',
    '😀',
    "' or 1=1 --",
    ')~(',
    '(((',
    'name,name',
    'owner(up)',
  ),
)
