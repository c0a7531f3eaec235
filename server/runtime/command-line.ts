import { parseArgs } from 'node:util'

/** The options that a command has, without their dashes: `string` takes a value, `boolean` takes none. */
export type CommandOptions = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

export interface CommandLine<Name> {
  /** `has`: the option was given, rightly or not. `get`: its value; undefined when it takes none, or is invalid. */
  readonly values: ReadonlyMap<Name, string | undefined>
  readonly positionals: readonly string[]
  /** A sentence each, in the order of the command line. */
  readonly violations: readonly string[]
}

/**
 * Reads a command line and names every violation; lenient parsing, because the strict one stops at the first.
 * `positionalViolation` judges what is no option; without it nothing but options may be given.
 */
export function readCommandLine<Options extends CommandOptions>(
  args: readonly string[],
  options: Options,
  positionalViolation: (text: string) => string | undefined = unexpected,
): CommandLine<keyof Options> {
  const values = new Map<keyof Options, string | undefined>()
  const positionals: string[] = []
  const violations: string[] = []
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    const violation =
      token.kind === 'positional' ? positionalViolation(token.value) : optionViolation(token, options, values)
    if (violation !== undefined) violations.push(violation)
    if (token.kind === 'positional') positionals.push(token.value)
    else if (Object.hasOwn(options, token.name) && !values.has(token.name))
      values.set(token.name, violation === undefined ? token.value : undefined)
  }
  return { values, positionals, violations }
}

const unexpected = (text: string) => `unexpected argument: ${text}`

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  /** Undefined when there is no value. */
  readonly inlineValue: boolean | undefined
}

function optionViolation(
  { name, rawName, value, inlineValue }: OptionToken,
  options: CommandOptions,
  given: ReadonlyMap<PropertyKey, unknown>,
): string | undefined {
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (!option) return `${rawName}: is not an option`
  if (given.has(name)) return `${rawName}: given twice`
  if (option.type === 'boolean') return value === undefined ? undefined : `${rawName}: takes no value`
  // A dash after a space is the next option rather than a value; after = it can be nothing else.
  if (value === undefined || value.trim() === '' || (value.startsWith('-') && inlineValue !== true))
    return `${rawName}: needs a value`
  return undefined
}
