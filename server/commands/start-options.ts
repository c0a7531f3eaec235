import { readCommandLine } from '../runtime/command-line.ts'
import { didYouMean, suggestion } from '../runtime/suggestion.ts'

export type StartOptions =
  | { readonly kind: 'start' }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly violations: readonly string[] }

export const USAGE = `Tidings takes events over HTTP and delivers them to their subscribers, by webhook or e-mail, in
order and at least once.

  npm start                                  on http://127.0.0.1:8080, with a PostgreSQL of its own in .tidings/
  TAPIS_SERVICE_PORT=8090 npm start          on another port
  DATABASE_URL=postgres://user:password@host:5432/name npm start

  -h, --help     this text
  -v, --version  the version

Everything else is set by environment variables: docs/config.md lists them all. docs/operations.md says how to run the
service at a site. While it runs, /v3/notifications/docs documents every operation; npm run token makes tokens to try
them (see npm run token -- --help).
Ctrl-C (or SIGTERM) finishes what is in flight and stops the service.
`

const OPTIONS = { help: { type: 'boolean' }, version: { type: 'boolean' } } as const
const SHORT: Readonly<Record<string, string>> = {
  '-h': '--help',
  '-v': '--version',
  '-V': '--version',
  '-?': '--help',
  help: '--help',
}

/**
 * Reads the command line of the service. It has no settings: one given here would be ignored in silence, so it is
 * rejected.
 */
export function readStartOptions(args: readonly string[]): StartOptions {
  const { values, violations } = readCommandLine(
    args.map((arg) => SHORT[arg] ?? arg),
    OPTIONS,
  )
  if (values.has('help')) return { kind: 'help' }
  if (violations.length > 0) return { kind: 'wrong', violations: violations.map(withAdvice) }
  return { kind: values.has('version') ? 'version' : 'start' }
}

function withAdvice(violation: string): string {
  const [, name] = /^--([\w-]+): is not an option/.exec(violation) ?? []
  const meant = name === undefined ? undefined : suggestion(name, Object.keys(OPTIONS))
  if (meant !== undefined) return `${violation}; ${didYouMean(`--${meant}`)}`
  return `${violation}; settings are environment variables, see docs/config.md`
}
