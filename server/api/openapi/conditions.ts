import { ATTRIBUTES, OPERATORS_OF, type AttributeType } from '../search/attributes.ts'

const code = (word: string) => `\`${word}\``
const words = (list: readonly string[]) => list.map(code).join(', ')

const namesOf = (wanted: AttributeType) => words(ATTRIBUTES.filter(({ type }) => type === wanted).map(({ name }) => name))

const VALUES: Readonly<Record<AttributeType, string>> = {
  text: 'any text; letter case counts, and texts are ordered by code point',
  integer: 'a whole number of 32 bits',
  boolean: '`true` or `false`',
  timestamp: 'from `2026` to `2026-11-23T10:00:00.123456+01:00`; what is left out is the earliest, without a zone it is UTC',
  uuid: '36 characters',
}
const TYPES: readonly AttributeType[] = ['text', 'integer', 'boolean', 'timestamp', 'uuid']

/** By the tables that searches are read with. */
const TABLE = ['| Attributes | Operators | Values |', '|---|---|---|', ...TYPES.map((type) => `| ${namesOf(type)} | ${words(OPERATORS_OF[type])} | ${VALUES[type]} |`)].join('\n')

const COMMON = 'Attributes may be written like `type_filter` as well, and in any case. Ranges include both their ends. An attribute without a value (`description`, `expiry`) meets no condition, not even a negated one.'

/** How `attribute.operator.value` is written (contract 4.2). */
export const CONDITIONS = [
  TABLE,
  `${COMMON} \`in\`, \`nin\`, \`between\` and \`nbetween\` take values separated by commas. In a pattern of \`like\` and \`nlike\`, \`*\` stands for any characters and \`!\` for any one; a backslash makes them themselves. In any value \`~\`, \`(\`, \`)\` and a comma that is part of it need a backslash.`,
].join('\n\n')

/** How a search in the body is written (contract 4.4). */
export const SQL_LIKE = [
  'Comparisons with `=`, `<>`, `<`, `<=`, `>`, `>=`, `LIKE`, `BETWEEN` and `IN`, also `NOT LIKE`, `NOT BETWEEN` and `NOT IN` (or `NLIKE`, `NBETWEEN`, `NIN`), joined by `AND`, `OR` and parentheses. The attribute stands left, the value right. Texts stand in single quotes, and a quote in a text is doubled; after `LIKE`, `BETWEEN` and `IN` numbers too are in quotes. In a pattern, `%` stands for any characters and `_` for any one; a backslash makes them themselves.',
  TABLE,
  COMMON,
].join('\n\n')
