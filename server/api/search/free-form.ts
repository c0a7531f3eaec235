import { isObject } from '../json-body.ts'
import { readBareCondition } from './bare-condition.ts'
import { allOf, faulty, type ReadPart, type Reading } from './reading.ts'

/** Parameters that are no conditions (contract 4.3); in any case. */
const RESERVED: ReadonlySet<string> = new Set([
  'pretty', 'select', 'search', 'orderby', 'limit', 'skip', 'startafter', 'computetotal', 'listtype', 'ownedby', 'anyowner', 'tenant',
])
/** What the specification calls the object of all conditions, and therefore some generated clients as well. */
const OBJECT = 'freeFormParameterName'
const MAX_CONDITIONS = 100

/**
 * Reads the query parameters of GET /subscriptions/search, in their order: all must hold (contract 4.3). Generated
 * clients write a condition in three ways: `name.eq=x`, `freeFormParameterName[name.eq]=x`, `freeFormParameterName={"name.eq":"x"}`.
 */
export function readFreeForm(parameters: readonly (readonly [name: string, value: string])[]): Reading {
  const parts = parameters.filter(([name]) => !RESERVED.has(name.toLowerCase())).flatMap(readParameter)
  return parts.length > MAX_CONDITIONS ? faulty([`SEARCH_LIST_ERROR there are more than ${MAX_CONDITIONS} conditions`]) : allOf(parts)
}

function readParameter([name, value]: readonly [string, string]): ReadPart[] {
  if (name === OBJECT) return value.trim() === '' ? [] : readObject(value)
  const isBracketed = name.startsWith(`${OBJECT}[`) && name.endsWith(']')
  return [readCondition(isBracketed ? name.slice(OBJECT.length + 1, -1) : name, value)]
}

function readCondition(name: string, value: string): ReadPart {
  const text = `${name}.${value}`
  return { text, typed: readBareCondition(text) }
}

function readObject(text: string): ReadPart[] {
  const value = parseJson(text)
  if (!isObject(value)) return [refused(text, `SEARCH_LIST_ERROR ${OBJECT} is no JSON object`)]
  return Object.entries(value).map(([name, member]) => {
    const isPlain = typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean'
    return isPlain ? readCondition(name, String(member)) : refused(name, 'SEARCH_COND_INVALID_VAL the value must be a text, a number, true or false')
  })
}

const refused = (text: string, fault: string): ReadPart => ({ text, typed: { kind: 'faults', faults: [fault] } })

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
