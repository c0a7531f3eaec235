import { parseArgs } from 'node:util'
import { isUuid } from '@tidings/contract/uuid.ts'

export const USAGE = `Shows the records that could not be dispatched, and dispatches them again.

  npm run dead-letters -- --list
  npm run dead-letters -- --redrive [uuid ...]

  --list     one line for each: when it was parked, its uuid, partition, tenant, what it is, and why
  --redrive  all of them, or those that are named, take the last place of their partition: they get the next number of
             their series. What fails again comes back to the list
  --help     this text

The database is the one that the service uses with the same environment: DATABASE_URL, or the embedded PostgreSQL of
TIDINGS_DATA_DIR. The service may run meanwhile.

Exit code: 0 done; 2 a uuid is no dead letter; 1 it could not run.
`

const OPTIONS = { list: { type: 'boolean' }, redrive: { type: 'boolean' }, help: { type: 'boolean' } } as const

export type ReadOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly faults: readonly string[] }
  | { readonly kind: 'list' }
  /** Undefined: all. */
  | { readonly kind: 'redrive'; readonly uuids: readonly string[] | undefined }

/** Reads the command line. Names every fault. */
export function readOptions(args: readonly string[]): ReadOptions {
  const { values, positionals, tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, allowPositionals: true, tokens: true })
  if (values.help === true) return { kind: 'help' }
  const faults = tokens.flatMap((token) => (token.kind === 'option' && !Object.hasOwn(OPTIONS, token.name) ? [`${token.rawName}: is no option`] : []))
  for (const name of positionals) if (!isUuid(name)) faults.push(`${name}: is no uuid`)
  if ((values.list === true) === (values.redrive === true)) faults.push('one of --list and --redrive is needed')
  if (values.list === true && positionals.length > 0) faults.push('--list: takes no uuids')
  if (faults.length > 0) return { kind: 'wrong', faults }
  return values.list === true ? { kind: 'list' } : { kind: 'redrive', uuids: positionals.length > 0 ? positionals.map((uuid) => uuid.toLowerCase()) : undefined }
}
