import { isUuid } from '@tidings/contract/uuid.ts'
import { readCommandLine } from '../runtime/command-line.ts'

export const USAGE = `Shows the records that could not be dispatched, dispatches them again, or gives them up.

  npm run dead-letters -- --list
  npm run dead-letters -- --redrive [uuid ...]
  npm run dead-letters -- --discard uuid ...

  --list     one line for each: when it was parked, its uuid, partition, tenant, what it is, and why
  --redrive  all of them, or those that are named, take the last place of their partition: they get the next number of
             their series. What fails again comes back to the list
  --discard  those that are named are taken off the list, and never delivered. Their records go with the next ones whose
             RETENTION_HOURS are over
  --help     this text

The database is the one that the service uses with the same environment: DATABASE_URL, or the embedded PostgreSQL of
TIDINGS_DATA_DIR. The service may run meanwhile.

Exit code: 0 done; 2 a uuid is no dead letter; 1 it could not run.
`

const OPTIONS = { list: { type: 'boolean' }, redrive: { type: 'boolean' }, discard: { type: 'boolean' }, help: { type: 'boolean' } } as const

export type ReadOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly faults: readonly string[] }
  | { readonly kind: 'list' }
  /** Undefined: all. */
  | { readonly kind: 'redrive'; readonly uuids: readonly string[] | undefined }
  | { readonly kind: 'discard'; readonly uuids: readonly string[] }

/** Reads the command line. Names every fault. */
export function readOptions(args: readonly string[]): ReadOptions {
  const { values, positionals, faults: ofLine } = readCommandLine(args, OPTIONS, uuidFault)
  if (values.has('help')) return { kind: 'help' }
  const [kind, ...others] = (['list', 'redrive', 'discard'] as const).filter((name) => values.has(name))
  const faults = [...ofLine]
  if (kind === undefined || others.length > 0) faults.push('one of --list, --redrive and --discard is needed')
  if (kind === 'list' && positionals.length > 0) faults.push('--list: takes no uuids')
  if (kind === 'discard' && positionals.length === 0) faults.push('--discard: needs the uuids of those to give up')
  if (kind === undefined || faults.length > 0) return { kind: 'wrong', faults }
  const uuids = positionals.map((uuid) => uuid.toLowerCase())
  if (kind === 'list') return { kind }
  return kind === 'discard' ? { kind, uuids } : { kind, uuids: uuids.length > 0 ? uuids : undefined }
}

const uuidFault = (text: string) => (isUuid(text) ? undefined : `${text}: is no uuid`)
