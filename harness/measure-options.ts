import { readCommandLine, type CommandOptions } from '@tidings/server/runtime/command-line.ts'

/**
 * The options of a program that measures: each is `--name VALUE` and has a default. Ends the process when it is asked for
 * help (0), or given what is no option (2); to be called before anything is started.
 */
export function readMeasureOptions<Name extends string>(help: string, defaults: Readonly<Record<Name, string>>): Readonly<Record<Name, string>> {
  const names = Object.keys(defaults)
  const options: CommandOptions = { ...Object.fromEntries(names.map((name) => [name, { type: 'string' }] as const)), help: { type: 'boolean' } }
  const { values, faults } = readCommandLine(process.argv.slice(2), options)
  if (values.has('help')) {
    process.stdout.write(help)
    process.exit(0)
  }
  if (faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n\n${help}`)
    process.exit(2)
  }
  return { ...defaults, ...Object.fromEntries(names.flatMap((name) => (values.has(name) ? [[name, values.get(name) ?? '']] : []))) }
}
