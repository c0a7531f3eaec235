import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { patternWords } from './pattern-words.ts'

/** More than anybody reads; keeps the answer to a hostile body small. */
export const MAX_FAULTS = 100
/** To look for faults takes about 1 us a value, a hundred times what a mere check takes, and others wait meanwhile. */
const MAX_EXPLAINED = 5000
const TOO_LARGE = `the body does not have the form of this request; it has more than ${MAX_EXPLAINED} values, too many to say where`
/** Members and their letters that are compared with what was probably meant. */
const MAX_COMPARED = 50
const MAX_NAME = 50
/** The pattern of a text that needs one visible character. */
const NOT_BLANK = '\\S'

export type Checked<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] }

/** The known word that another was probably meant as; undefined when it resembles none. */
export type Suggest = (word: string, known: Iterable<string>) => string | undefined

/** What is wrong with a value, and what is needed to say it well. */
interface Explaining {
  readonly value: unknown
  /** Every name that the schema knows, at any depth. */
  readonly names: readonly string[]
  readonly suggest: Suggest
}

/**
 * Compiles a schema, once, into a check that names every fault, and with `suggest` which misspelt member was probably meant. A
 * fault may quote member names of the input: cut before showing.
 */
export function createCheck<Schema extends TSchema>(schema: Schema, suggest: Suggest = () => undefined): (value: unknown) => Checked<Static<Schema>> {
  Settings.Set({ maxErrors: MAX_FAULTS }) // TypeBox stops at 8 by default
  const validator = Compile(schema)
  const names = namesIn(schema)
  return (value) => {
    if (validator.Check(value)) return { kind: 'valid', value }
    return { kind: 'invalid', faults: hasMoreValues(value, MAX_EXPLAINED) ? [TOO_LARGE] : sentences(validator.Errors(value), { value, names, suggest }).slice(0, MAX_FAULTS) }
  }
}

function sentences(errors: readonly TLocalizedValidationError[], explaining: Explaining): string[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf')
  const single = errors.filter((error) => !unions.some((union) => isBranchOf(error, union)))
  return single.flatMap((error) => (error.keyword === 'anyOf' ? unionSentences(error, errors, explaining) : sentencesOf(error, explaining)))
}

const isBranchOf = (error: TLocalizedValidationError, union: TLocalizedValidationError) => error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`)
  && error.instancePath.startsWith(union.instancePath)

/** "string or null" fails in both branches. What is wrong with the string is worth saying; that it is not null is not. */
function unionSentences(union: TLocalizedValidationError, errors: readonly TLocalizedValidationError[], explaining: Explaining): string[] {
  const branches = errors.filter((error) => error !== union && isBranchOf(error, union))
  const telling = branches.filter((error) => error.keyword !== 'type')
  if (telling.length > 0) return telling.flatMap((error) => sentencesOf(error, explaining))
  const types = branches.flatMap((error) => (error.keyword === 'type' ? [String(error.params.type)] : []))
  const isText = types.includes('string') && typeof at(explaining.value, union.instancePath) === 'object'
  return [`${place(union.instancePath)} must be ${types.join(' or ')}${isText ? '; send what it holds as a text, JSON as JSON.stringify writes it' : ''}`]
}

function sentencesOf(error: TLocalizedValidationError, explaining: Explaining): string[] {
  const { instancePath } = error
  switch (error.keyword) {
    case 'boolean':
      return [`${instancePath} is not a member of this request${did(explaining.suggest(memberOf(instancePath), explaining.names))}`]
    case 'required':
      return error.params.requiredProperties.map((name) => `${instancePath}/${name} is missing${misspelt(name, at(explaining.value, instancePath), explaining)}`)
    case 'additionalProperties':
      return [] // said already, of each member
    case 'enum':
      return [`${place(instancePath)} must be one of ${error.params.allowedValues.join(', ')}`]
    case 'pattern':
      return [`${place(instancePath)} ${patternSentence(error.params.pattern, instancePath, explaining) ?? error.message}`]
    default:
      return [`${place(instancePath)} ${error.message}`]
  }
}

function patternSentence(pattern: string | RegExp, instancePath: string, { value }: Explaining): string | undefined {
  return pattern === NOT_BLANK ? 'must not be blank' : patternWords(memberOf(instancePath), String(pattern), at(value, instancePath))
}

const did = (meant: string | undefined) => (meant === undefined ? '' : `; did you mean ${meant}?`)

/** A member that is there, that nobody knows, and that is written like the missing one. */
function misspelt(name: string, object: unknown, { names, suggest }: Explaining): string {
  const unknown = Object.keys(object ?? {}).slice(0, MAX_COMPARED).filter((key) => key.length <= MAX_NAME && !names.includes(key))
  const meant = suggest(name, unknown)
  return meant === undefined ? '' : `; did you mean it by \`${meant}\`?`
}

/** The names of all members that a schema knows. */
function namesIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : []
  return [...new Set([...own, ...Object.values(schema).flatMap(namesIn)])]
}

const unescaped = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~')

/** The last name of a JSON pointer (RFC 6901). */
const memberOf = (pointer: string) => unescaped(pointer.slice(pointer.lastIndexOf('/') + 1, pointer.lastIndexOf('/') + 1 + 2 * MAX_NAME))

/** What a JSON pointer leads to. */
function at(value: unknown, pointer: string): unknown {
  let found = value
  for (const part of pointer.split('/').slice(1)) found = typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>)[unescaped(part)] : undefined
  return found
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
