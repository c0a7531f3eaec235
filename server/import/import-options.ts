import { isPostgresUrl } from '../config/validators.ts'
import { readCommandLine } from '../runtime/command-line.ts'

export const USAGE = `Copies the subscriptions and the series counters of a Tapis Notifications service into the
database of this one.

  npm run import -- --from postgres://user:password@host:5432/tapisntfdb

  --from URL     the database of the other service; it is read, never written
  --from here    the same, when both services use one database: that of DATABASE_URL
  --schema NAME  the schema with its tables (default: tapis_ntf, or else the search path)
  --dry-run      shows what would happen and writes nothing
  --verbose      lists every subscription that was not copied, as it is met
  --help         this text

The target is the database that the service uses with the same environment: DATABASE_URL, or the embedded PostgreSQL of
TIDINGS_DATA_DIR. Running it again copies what is new and changes nothing else.
A password may be left out of the URL and given as PGPASSWORD.

Exit code: 0 all were copied, or skipped for good reason; 2 some could not be copied; 1 the command could not run.
`

const OPTIONS = {
  from: { type: 'string' },
  schema: { type: 'string' },
  'dry-run': { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export interface ImportOptions {
  /** Address of the source, or `here`. May contain a password: never print it. */
  readonly from: string
  /** Undefined: search for it. */
  readonly schema: string | undefined
  readonly isDryRun: boolean
  readonly isVerbose: boolean
}

export type ParsedImportOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly violations: readonly string[] }
  | { readonly kind: 'import'; readonly options: ImportOptions }

/** Parses the command line. `violations` names everything that is wrong with it. */
export function readImportOptions(args: readonly string[]): ParsedImportOptions {
  const { values, violations: ofLine } = readCommandLine(args, OPTIONS)
  if (values.has('help')) return { kind: 'help' }
  const from = values.get('from')
  const fromViolation = values.has('from') ? addressViolation(from) : 'is missing'
  const violations = [...(fromViolation === undefined ? [] : [`--from: ${fromViolation}`]), ...ofLine]
  if (violations.length > 0 || from === undefined) return { kind: 'wrong', violations }
  return {
    kind: 'import',
    options: { from, schema: values.get('schema'), isDryRun: values.has('dry-run'), isVerbose: values.has('verbose') },
  }
}

/** Stands for an address when both services use one database, so that its password need not be typed again. */
export const SAME_DATABASE = 'here'

/**
 * Returns what is wrong with an address, if anything. Operators have a JDBC address at hand, for the original is
 * configured by one. The text does not repeat the address, which may contain a password.
 */
function addressViolation(address: string | undefined): string | undefined {
  if (address === undefined || address === SAME_DATABASE || isPostgresUrl(address)) return undefined
  const hint = address.startsWith('jdbc:')
    ? '; a JDBC address has no user: write postgres://user:password@host:port/database'
    : ''
  return `must be an address with the scheme postgres, or ${SAME_DATABASE}${hint}`
}
