import { readCommandLine, type CommandOptions } from '@tidings/server/runtime/command-line.ts'

/**
 * Reads the options of a benchmark: each is `--name VALUE` and has a default. Exits the process after `--help` (code
 * 0), and if something is not an option (code 2), so call it before anything is started.
 */
export function readMeasureOptions<Name extends string>(
  help: string,
  defaults: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const names = Object.keys(defaults)
  const options: CommandOptions = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string' }] as const)),
    help: { type: 'boolean' },
  }
  const { values, violations } = readCommandLine(process.argv.slice(2), options)
  if (values.has('help')) {
    process.stdout.write(help)
    process.exit(0)
  }
  if (violations.length > 0) {
    process.stderr.write(`${violations.join('\n')}\n\n${help}`)
    process.exit(2)
  }
  return {
    ...defaults,
    ...Object.fromEntries(names.flatMap((name) => (values.has(name) ? [[name, values.get(name) ?? '']] : []))),
  }
}
