import type pg from 'pg'
import { errorCode } from '../runtime/error-code.ts'
import { isDatabaseUnavailable } from './database-unavailable.ts'
import { quoteIdentifier } from './quote-identifier.ts'

const INSUFFICIENT_PRIVILEGE = '42501'
/** duplicate_table, _function, _object, _schema, _column, _database; unique_violation of a catalogue. */
const ALREADY_EXISTS = ['42P07', '42723', '42710', '42P06', '42701', '23505']
/** undefined_column, _function, datatype_mismatch, cannot_coerce: the table is another program's. */
const DIFFERENT_TABLE = ['42703', '42883', '42804', '42846', '42P01']

interface SessionInfo {
  readonly role: string
  readonly database: string
  readonly schema: string
  readonly owner: string
}

/**
 * Returns why a migration failed and what to do, as sentences; undefined when the cause may pass, so that the same may
 * work later. `what` names the migration. Queries the database, so the session must not be in a failed transaction.
 */
export async function explainMigrationError(
  client: Pick<pg.Client, 'query'>,
  what: string,
  error: unknown,
): Promise<readonly string[] | undefined> {
  if (isDatabaseUnavailable(error) || !(error instanceof Error)) return undefined
  const code = errorCode(error)
  if (code === undefined) return undefined
  const session = await sessionOf(client)
  const cause = `${what} failed: ${error.message} (SQLSTATE ${code})`
  if (code === INSUFFICIENT_PRIVILEGE)
    return [
      cause,
      `the role ${session.role} may not create tables here; as the owner of the database or a superuser, ` +
        `in the database ${session.database}: ${grantFor(error.message, session)}`,
    ]
  if (ALREADY_EXISTS.includes(code) || DIFFERENT_TABLE.includes(code))
    return [
      cause,
      `${await foreignTablesText(client, session, ALREADY_EXISTS.includes(code) ? ['migration'] : [])}; ` +
        `give Tidings a database of its own: create database ${quoteIdentifier('tidings')} ` +
        `owner ${quoteIdentifier(session.role)} encoding 'UTF8' template template0;`,
    ]
  return [cause]
}

async function sessionOf(client: Pick<pg.Client, 'query'>): Promise<SessionInfo> {
  const { rows } = await client.query<SessionInfo>(`
    select current_user as role, current_database() as database, coalesce(current_schema(), 'public') as schema,
           (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) as owner`)
  return rows[0] ?? { role: '?', database: '?', schema: 'public', owner: '?' }
}

/** Returns the statement that grants what PostgreSQL says is missing. */
function grantFor(message: string, { role, database, schema }: SessionInfo): string {
  const [, closed] = /^permission denied for schema (.+)$/.exec(message) ?? []
  if (closed !== undefined)
    return `grant usage, create on schema ${quoteIdentifier(closed)} to ${quoteIdentifier(role)};`
  if (/^permission denied for database /.test(message))
    return `grant create on database ${quoteIdentifier(database)} to ${quoteIdentifier(role)};`
  const [, kind = '', name = ''] =
    /^(?:permission denied for|must be owner of) (table|sequence|function|view|schema) (.+)$/.exec(message) ?? []
  if (name !== '')
    return (
      `alter ${kind} ${quoteIdentifier(name)} owner to ${quoteIdentifier(role)}; ` +
      'tables that another role made must belong to the role that upgrades them'
    )
  return `grant usage, create on schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)};`
}

/** Names the tables beside ours: their owner shows which program uses the database. */
async function foreignTablesText(
  client: Pick<pg.Client, 'query'>,
  { database, schema }: SessionInfo,
  ours: readonly string[],
): Promise<string> {
  const { rows } = await client.query<{ name: string; owner: string }>(
    `
    select relname as name, pg_get_userbyid(relowner) as owner
    from pg_class
    where relnamespace = to_regnamespace(quote_ident($1)) and relkind in ('r', 'p', 'v') and relname <> all($2)
    order by relname
    limit 6`,
    [schema, ours],
  )
  if (rows.length === 0) return `the database ${database} is in use by something else`
  const listed = rows
    .slice(0, 5)
    .map(({ name, owner }) => `${name} (of ${owner})`)
    .join(', ')
  return (
    `the database ${database} is in use by something else: ` +
    `in its schema ${schema} are the tables ${listed}${rows.length > 5 ? ' and more' : ''}`
  )
}
