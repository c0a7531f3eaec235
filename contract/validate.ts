import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'

/** More than anybody reads; keeps the answer to a hostile body small. */
export const MAX_FAULTS = 100
/** To look for faults takes about 1 us a value, a hundred times what a mere check takes. */
const MAX_EXPLAINED = 20_000
const TOO_LARGE = `the body does not have the form of this request; it has more than ${MAX_EXPLAINED} values, too many to say where`
/** The pattern of a text that needs one visible character. */
const NOT_BLANK = '\\S'

export type Checked<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] }

/** Compiles a schema, once, into a check that names every fault. A fault may quote member names of the input: cut before showing. */
export function createCheck<Schema extends TSchema>(schema: Schema): (value: unknown) => Checked<Static<Schema>> {
  Settings.Set({ maxErrors: MAX_FAULTS }) // TypeBox stops at 8 by default
  const validator = Compile(schema)
  return (value) => {
    if (validator.Check(value)) return { kind: 'valid', value }
    return { kind: 'invalid', faults: hasMoreValues(value, MAX_EXPLAINED) ? [TOO_LARGE] : sentences(validator.Errors(value)).slice(0, MAX_FAULTS) }
  }
}

function sentences(errors: readonly TLocalizedValidationError[]): string[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf')
  const single = errors.filter((error) => !unions.some((union) => isBranchOf(error, union)))
  return single.flatMap((error) => (error.keyword === 'anyOf' ? unionSentences(error, errors) : sentencesOf(error)))
}

const isBranchOf = (error: TLocalizedValidationError, union: TLocalizedValidationError) => error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`)
  && error.instancePath.startsWith(union.instancePath)

/** "string or null" fails in both branches. What is wrong with the string is worth saying; that it is not null is not. */
function unionSentences(union: TLocalizedValidationError, errors: readonly TLocalizedValidationError[]): string[] {
  const branches = errors.filter((error) => error !== union && isBranchOf(error, union))
  const telling = branches.filter((error) => error.keyword !== 'type')
  if (telling.length > 0) return telling.flatMap(sentencesOf)
  const types = branches.flatMap((error) => (error.keyword === 'type' ? [String(error.params.type)] : []))
  return [`${place(union.instancePath)} must be ${types.join(' or ')}`]
}

function sentencesOf(error: TLocalizedValidationError): string[] {
  switch (error.keyword) {
    case 'boolean':
      return [`${error.instancePath} is not a member of this request`]
    case 'required':
      return error.params.requiredProperties.map((name) => `${error.instancePath}/${name} is missing`)
    case 'additionalProperties':
      return [] // said already, of each member
    case 'enum':
      return [`${place(error.instancePath)} must be one of ${error.params.allowedValues.join(', ')}`]
    case 'pattern':
      return [`${place(error.instancePath)} ${error.params.pattern === NOT_BLANK ? 'must not be blank' : error.message}`]
    default:
      return [`${place(error.instancePath)} ${error.message}`]
  }
}

/** Members and elements at any depth count. */
function hasMoreValues(value: unknown, most: number): boolean {
  const open = [value]
  let count = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const inner: unknown[] = Object.values(next)
    count += inner.length
    if (count > most) return true
    for (const one of inner) open.push(one)
  }
  return false
}

const place = (instancePath: string) => (instancePath === '' ? 'the body' : instancePath)
