import { isPostgresUrl } from '../config-values.ts'
import { readCommandLine } from '../runtime/command-line.ts'

export const USAGE = `Copies the subscriptions of a Tapis Notifications service, and how far its series have come, into the database of this one.

  npm run import -- --from postgres://user:password@host:5432/tapisntfdb

  --from URL     the database of the other service; it is read, never written
  --from here    the same, when both services use one database: that of DATABASE_URL
  --schema NAME  the schema with its tables (default: tapis_ntf, or else the search path)
  --dry-run      tells what would happen and writes nothing
  --verbose      lists every subscription that was not copied, as it is met
  --help         this text

The target is the database that the service uses with the same environment: DATABASE_URL, or the embedded PostgreSQL of
TIDINGS_DATA_DIR. Running it again copies what is new and changes nothing else.
A password may be left out of the URL and given as PGPASSWORD.

Exit code: 0 all is copied, or skipped for good reason; 2 some could not be copied; 1 it could not run.
`

const OPTIONS = {
  from: { type: 'string' }, schema: { type: 'string' }, 'dry-run': { type: 'boolean' }, verbose: { type: 'boolean' }, help: { type: 'boolean' },
} as const

export interface ImportOptions {
  /** Address of the source, or `here`. May have a password: never show it. */
  readonly from: string
  /** Undefined: to be found. */
  readonly schema: string | undefined
  readonly isDryRun: boolean
  readonly isVerbose: boolean
}

export type ReadOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly faults: readonly string[] }
  | { readonly kind: 'import'; readonly options: ImportOptions }

/** Reads the command line. Names every fault. */
export function readOptions(args: readonly string[]): ReadOptions {
  const { values, faults: ofLine } = readCommandLine(args, OPTIONS)
  if (values.has('help')) return { kind: 'help' }
  const from = values.get('from')
  const fromFault = values.has('from') ? addressFault(from) : 'is missing'
  const faults = [...(fromFault === undefined ? [] : [`--from: ${fromFault}`]), ...ofLine]
  if (faults.length > 0 || from === undefined) return { kind: 'wrong', faults }
  return { kind: 'import', options: { from, schema: values.get('schema'), isDryRun: values.has('dry-run'), isVerbose: values.has('verbose') } }
}

/** In place of an address: both services use one database, and its password need not be written down again. */
export const SAME_DATABASE = 'here'

/** The original is configured by a JDBC address, so that is what people have at hand. The address itself is not repeated: it may hold a password. */
function addressFault(address: string | undefined): string | undefined {
  if (address === undefined || address === SAME_DATABASE || isPostgresUrl(address)) return undefined
  const hint = address.startsWith('jdbc:') ? '; a JDBC address has no user: write postgres://user:password@host:port/database' : ''
  return `must be an address with the scheme postgres, or ${SAME_DATABASE}${hint}`
}
