import { readCommandLine } from './runtime/command-line.ts'
import { suggestion } from './runtime/suggestion.ts'

export type StartOptions = { readonly kind: 'start' } | { readonly kind: 'help' } | { readonly kind: 'version' } | { readonly kind: 'wrong'; readonly faults: readonly string[] }

export const USAGE = `Tidings takes events over HTTP and delivers them to those who subscribed, by webhook or e-mail, in order and at least once.

  npm start                                  on http://127.0.0.1:8080, with a PostgreSQL of its own in .tidings/
  TAPIS_SERVICE_PORT=8090 npm start          on another port
  DATABASE_URL=postgres://user:password@host:5432/name npm start

  -h, --help     this text
  -v, --version  the version

Everything else is set by environment variables: docs/config.md has them all. How to run it at a site: docs/operations.md.
While it runs, /v3/notifications/docs shows every operation; npm run token -- --help makes tokens to try them.
Ctrl-C (or SIGTERM) finishes what is in flight and ends it.
`

const OPTIONS = { help: { type: 'boolean' }, version: { type: 'boolean' } } as const
const SHORT: Readonly<Record<string, string>> = { '-h': '--help', '-v': '--version', '-V': '--version', '-?': '--help', help: '--help' }

/** What the command line of the service asks for. It has no settings: one that somebody gives here would be missed in silence. */
export function readStartOptions(args: readonly string[]): StartOptions {
  const { values, faults } = readCommandLine(args.map((arg) => SHORT[arg] ?? arg), OPTIONS)
  if (values.has('help')) return { kind: 'help' }
  if (faults.length > 0) return { kind: 'wrong', faults: faults.map(withAdvice) }
  return { kind: values.has('version') ? 'version' : 'start' }
}

function withAdvice(fault: string): string {
  const [, name] = /^--([\w-]+): is no option/.exec(fault) ?? []
  const meant = name === undefined ? undefined : suggestion(name, Object.keys(OPTIONS))
  if (meant !== undefined) return `${fault}; --${meant} is meant?`
  return `${fault}; settings are environment variables, see docs/config.md`
}
