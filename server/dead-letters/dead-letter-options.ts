import { isUuid } from '@tidings/contract/uuid.ts'
import { readCommandLine } from '../runtime/command-line.ts'

export const USAGE = `Lists the records that could not be dispatched, dispatches them again, or discards them.

  npm run dead-letters -- --list
  npm run dead-letters -- --redrive [uuid ...]
  npm run dead-letters -- --discard uuid ...

  --list     prints one line for each: when it was parked, uuid, partition, tenant, what it is, and why
  --redrive  puts all of them, or those that are named, at the end of their partition: they get the next number of
             their series. Those that fail again return to the list
  --discard  removes those that are named from the list; they are never delivered. Their records are deleted when
             RETENTION_HOURS have passed
  --help     this text

The database is the one that the service uses with the same environment: DATABASE_URL, or the embedded PostgreSQL of
TIDINGS_DATA_DIR. The service may run meanwhile.

Exit code: 0 done; 2 a uuid is not a dead letter; 1 the command could not run.
`

const OPTIONS = {
  list: { type: 'boolean' },
  redrive: { type: 'boolean' },
  discard: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

export type ParsedDeadLetterOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly violations: readonly string[] }
  | { readonly kind: 'list' }
  /** Undefined: all. */
  | { readonly kind: 'redrive'; readonly uuids: readonly string[] | undefined }
  | { readonly kind: 'discard'; readonly uuids: readonly string[] }

/** Parses the command line. `violations` names everything that is wrong with it. */
export function readDeadLetterOptions(args: readonly string[]): ParsedDeadLetterOptions {
  const { values, positionals, violations: ofLine } = readCommandLine(args, OPTIONS, uuidViolation)
  if (values.has('help')) return { kind: 'help' }
  const [kind, ...others] = (['list', 'redrive', 'discard'] as const).filter((name) => values.has(name))
  const violations = [...ofLine]
  if (kind === undefined || others.length > 0) violations.push('one of --list, --redrive and --discard is needed')
  if (kind === 'list' && positionals.length > 0) violations.push('--list: takes no uuids')
  if (kind === 'discard' && positionals.length === 0) violations.push('--discard: needs the uuids of those to give up')
  if (kind === undefined || violations.length > 0) return { kind: 'wrong', violations }
  const uuids = positionals.map((uuid) => uuid.toLowerCase())
  if (kind === 'list') return { kind }
  return kind === 'discard' ? { kind, uuids } : { kind, uuids: uuids.length > 0 ? uuids : undefined }
}

const uuidViolation = (text: string) => (isUuid(text) ? undefined : `${text}: is not a uuid`)
