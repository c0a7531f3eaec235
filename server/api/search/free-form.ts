import { isObject } from '@tidings/contract/is-object.ts'
import { parseBareCondition } from './bare-condition.ts'
import { allOf, invalid, type ParsedPart, type ParseResult } from './parse-result.ts'

/** Parameters that are no conditions (protocol 4.3), in any case. */
const RESERVED: ReadonlySet<string> = new Set([
  'pretty',
  'select',
  'search',
  'orderby',
  'limit',
  'skip',
  'startafter',
  'computetotal',
  'listtype',
  'ownedby',
  'anyowner',
  'tenant',
])
/** The name of the object of all conditions in the specification, and so in some generated clients. */
const OBJECT = 'freeFormParameterName'
const MAX_CONDITIONS = 100

/**
 * Reads the query parameters of GET /subscriptions/search, in their order: all must hold (protocol 4.3). Generated
 * clients write a condition in three ways: `name.eq=x`, `freeFormParameterName[name.eq]=x`,
 * `freeFormParameterName={"name.eq":"x"}`.
 */
export function parseFreeForm(parameters: readonly (readonly [name: string, value: string])[]): ParseResult {
  const parts = parameters.filter(([name]) => !RESERVED.has(name.toLowerCase())).flatMap(parseParameter)
  return parts.length > MAX_CONDITIONS
    ? invalid([`SEARCH_LIST_ERROR there are more than ${MAX_CONDITIONS} conditions`])
    : allOf(parts)
}

function parseParameter([name, value]: readonly [string, string]): ParsedPart[] {
  if (name === OBJECT) return value.trim() === '' ? [] : parseObject(value)
  const isBracketed = name.startsWith(`${OBJECT}[`) && name.endsWith(']')
  return [parseCondition(isBracketed ? name.slice(OBJECT.length + 1, -1) : name, value)]
}

function parseCondition(name: string, value: string): ParsedPart {
  const text = `${name}.${value}`
  return { text, typed: parseBareCondition(text) }
}

function parseObject(text: string): ParsedPart[] {
  const value = parseJson(text)
  if (!isObject(value)) return [invalidPart(text, `SEARCH_LIST_ERROR ${OBJECT} is not a JSON object`)]
  return Object.entries(value).map(([name, member]) => {
    const isPlain = typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean'
    return isPlain
      ? parseCondition(name, String(member))
      : invalidPart(name, 'SEARCH_COND_INVALID_VAL the value must be a string, a number, true or false')
  })
}

const invalidPart = (text: string, violation: string): ParsedPart => ({
  text,
  typed: { kind: 'invalid', violations: [violation] },
})

/** Returns undefined for a text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
