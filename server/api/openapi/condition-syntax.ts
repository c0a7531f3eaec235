import { ATTRIBUTES, OPERATORS_OF, type AttributeType } from '../search/attributes.ts'

const code = (word: string) => `\`${word}\``
const words = (list: readonly string[]) => list.map(code).join(', ')

const namesOf = (wanted: AttributeType) =>
  words(ATTRIBUTES.filter(({ type }) => type === wanted).map(({ name }) => name))

const VALUES: Readonly<Record<AttributeType, string>> = {
  text: 'any text; case-sensitive, ordered by code point',
  integer: 'a 32-bit integer',
  boolean: '`true` or `false`',
  timestamp: 'from `2026` to `2026-11-23T10:00:00.123456+01:00`; missing parts are the earliest, a missing zone is UTC',
  uuid: '36 characters',
}
const TYPES: readonly AttributeType[] = ['text', 'integer', 'boolean', 'timestamp', 'uuid']

/** Made of the tables that parse searches. */
const TABLE = [
  '| Attributes | Operators | Values |',
  '|---|---|---|',
  ...TYPES.map((type) => `| ${namesOf(type)} | ${words(OPERATORS_OF[type])} | ${VALUES[type]} |`),
].join('\n')

const COMMON =
  'Attributes may also be written in snake case, such as `type_filter`, and in any letter case. Ranges include both ' +
  'ends. For an attribute without a value (`description`, `expiry`) no condition holds, not even a negated one.'

/** Explains `attribute.operator.value` (protocol 4.2). */
export const CONDITIONS = [
  TABLE,
  `${COMMON} ` +
    '`in`, `nin`, `between` and `nbetween` take values separated by commas. In a pattern of `like` and `nlike`, `*` ' +
    'stands for any number of characters and `!` for one; a backslash escapes them. In any value, `~`, `(`, `)` and ' +
    'a comma that belongs to the value need a backslash.',
].join('\n\n')

/** Explains a search in the body (protocol 4.4). */
export const SQL_LIKE = [
  'Comparisons with `=`, `<>`, `<`, `<=`, `>`, `>=`, `LIKE`, `BETWEEN` and `IN`, also `NOT LIKE`, `NOT BETWEEN` and ' +
    '`NOT IN` (or `NLIKE`, `NBETWEEN`, `NIN`), joined by `AND`, `OR` and parentheses. The attribute is on the left, ' +
    'the value on the right. Strings are in single quotes, and a quote in a string is doubled; after `LIKE`, ' +
    '`BETWEEN` and `IN` numbers are in quotes too. In a pattern, `%` stands for any number of characters and `_` for ' +
    'one; a backslash escapes them.',
  TABLE,
  COMMON,
].join('\n\n')
