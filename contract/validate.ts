import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { withHint } from './did-you-mean.ts'
import { describePattern } from './pattern-descriptions.ts'

/** More than anybody reads; bounds the response to a hostile body. */
export const MAX_VIOLATIONS = 100
/**
 * Finding violations takes about 1 us a value, a hundred times as long as the mere check, and blocks other requests.
 */
const MAX_EXPLAINED = 5000
const TOO_LARGE =
  'the body is not valid for this operation; ' + `it has more than ${MAX_EXPLAINED} values, too many to say where`
/** How many members, and how many letters of each, are compared for a suggestion. */
const MAX_COMPARED = 50
const MAX_NAME = 50
/** The pattern of a text that needs one visible character. */
const NOT_BLANK = '\\S'

export type ValidationResult<T> =
  { readonly kind: 'valid'; readonly value: T } | { readonly kind: 'invalid'; readonly violations: readonly string[] }

/** Returns the known word that was probably meant; undefined when the word resembles none. */
export type Suggest = (word: string, known: Iterable<string>) => string | undefined

/** What an explanation of a violation needs. */
interface ExplainContext {
  readonly value: unknown
  /** Every name that the schema knows, at any depth. */
  readonly names: readonly string[]
  readonly suggest: Suggest
}

/**
 * Compiles a schema, once, into a validator that names every violation, and with `suggest` which member a misspelt one
 * was probably meant to be. A violation may quote member names of the input: truncate it before display.
 */
export function createValidator<Schema extends TSchema>(
  schema: Schema,
  suggest: Suggest = () => undefined,
): (value: unknown) => ValidationResult<Static<Schema>> {
  Settings.Set({ maxErrors: MAX_VIOLATIONS }) // TypeBox stops at 8 by default
  const validator = Compile(schema)
  const names = namesIn(schema)
  return (value) => {
    if (validator.Check(value)) return { kind: 'valid', value }
    return {
      kind: 'invalid',
      violations: hasMoreValues(value, MAX_EXPLAINED)
        ? [TOO_LARGE]
        : sentences(validator.Errors(value), { value, names, suggest }).slice(0, MAX_VIOLATIONS),
    }
  }
}

function sentences(errors: readonly TLocalizedValidationError[], context: ExplainContext): string[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf')
  const single = errors.filter((error) => !unions.some((union) => isBranchOf(error, union)))
  return single.flatMap((error) =>
    error.keyword === 'anyOf' ? unionSentences(error, errors, context) : sentencesOf(error, context),
  )
}

const isBranchOf = (error: TLocalizedValidationError, union: TLocalizedValidationError) =>
  error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`) && error.instancePath.startsWith(union.instancePath)

/**
 * Explains "string or null", which fails in both branches. What is wrong with the string matters; that it is not null
 * does not.
 */
function unionSentences(
  union: TLocalizedValidationError,
  errors: readonly TLocalizedValidationError[],
  context: ExplainContext,
): string[] {
  const branches = errors.filter((error) => error !== union && isBranchOf(error, union))
  const telling = branches.filter((error) => error.keyword !== 'type')
  if (telling.length > 0) return telling.flatMap((error) => sentencesOf(error, context))
  const types = branches.flatMap((error) => (error.keyword === 'type' ? [String(error.params.type)] : []))
  const isText = types.includes('string') && typeof at(context.value, union.instancePath) === 'object'
  const advice = isText ? '; send its content as a string, for example with JSON.stringify' : ''
  return [`${place(union.instancePath)} must be ${types.join(' or ')}${advice}`]
}

function sentencesOf(error: TLocalizedValidationError, context: ExplainContext): string[] {
  const { instancePath } = error
  switch (error.keyword) {
    case 'boolean':
      return [
        withHint(
          `${instancePath} is not a member of this request`,
          context.suggest(memberOf(instancePath), context.names),
        ),
      ]
    case 'required':
      return error.params.requiredProperties.map(
        (name) =>
          `${instancePath}/${name} is missing${misspellingHint(name, at(context.value, instancePath), context)}`,
      )
    case 'additionalProperties':
      return [] // each member has been named already
    case 'enum':
      return [`${place(instancePath)} must be one of ${error.params.allowedValues.join(', ')}`]
    case 'pattern':
      return [`${place(instancePath)} ${patternSentence(error.params.pattern, instancePath, context) ?? error.message}`]
    default:
      return [`${place(instancePath)} ${error.message}`]
  }
}

function patternSentence(
  pattern: string | RegExp,
  instancePath: string,
  { value }: ExplainContext,
): string | undefined {
  return pattern === NOT_BLANK
    ? 'must not be blank'
    : describePattern(memberOf(instancePath), String(pattern), at(value, instancePath))
}

/** Suggests a present but unknown member that resembles the missing one. */
function misspellingHint(name: string, object: unknown, { names, suggest }: ExplainContext): string {
  const unknown = Object.keys(object ?? {})
    .slice(0, MAX_COMPARED)
    .filter((key) => key.length <= MAX_NAME && !names.includes(key))
  const suggestion = suggest(name, unknown)
  return suggestion === undefined ? '' : `; is \`${suggestion}\` a misspelling of it?`
}

/** Returns the names of all members that a schema knows. */
function namesIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : []
  return [...new Set([...own, ...Object.values(schema).flatMap(namesIn)])]
}

const unescaped = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~')

/** Returns the last name of a JSON pointer (RFC 6901). */
const memberOf = (pointer: string) =>
  unescaped(pointer.slice(pointer.lastIndexOf('/') + 1, pointer.lastIndexOf('/') + 1 + 2 * MAX_NAME))

/** Returns the value that a JSON pointer leads to. */
function at(value: unknown, pointer: string): unknown {
  let found = value
  for (const part of pointer.split('/').slice(1))
    found =
      typeof found === 'object' && found !== null
        ? (found as Readonly<Record<string, unknown>>)[unescaped(part)]
        : undefined
  return found
}

/** Counts members and elements at any depth. */
function hasMoreValues(value: unknown, limit: number): boolean {
  const open = [value]
  let count = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const inner: unknown[] = Object.values(next)
    count += inner.length
    if (count > limit) return true
    for (const one of inner) open.push(one)
  }
  return false
}

const place = (instancePath: string) => (instancePath === '' ? 'the body' : instancePath)
