import type pg from 'pg'
import { errorCode } from '../runtime/error-code.ts'
import { isDatabaseAway } from './database-away.ts'
import { quoted } from './refusal-advice.ts'

const MAY_NOT = '42501'
/** duplicate_table, _function, _object, _schema, _column, _database; unique_violation of a catalogue. */
const IS_THERE = ['42P07', '42723', '42710', '42P06', '42701', '23505']
/** undefined_column, _function, datatype_mismatch, cannot_coerce: a table is there, and it is another one. */
const IS_ANOTHER = ['42703', '42883', '42804', '42846', '42P01']

interface Session {
  readonly role: string
  readonly database: string
  readonly schema: string
  readonly owner: string
}

/**
 * Why the schema could not be made, and what to do, as sentences; undefined when nothing was at fault but the moment, and the same
 * may work later. Asks the database who it is, so the session must not be in a failed transaction. `what`: the migration.
 */
export async function migrationFaults(client: Pick<pg.Client, 'query'>, what: string, error: unknown): Promise<readonly string[] | undefined> {
  if (isDatabaseAway(error) || !(error instanceof Error)) return undefined
  const code = errorCode(error)
  if (code === undefined) return undefined
  const session = await sessionOf(client)
  const cause = `${what} failed: ${error.message} (SQLSTATE ${code})`
  if (code === MAY_NOT) return [cause, `the role ${session.role} may not make tables here; as the owner of the database or a superuser, in the database ${session.database}: ${grantFor(error.message, session)}`]
  if (IS_THERE.includes(code) || IS_ANOTHER.includes(code)) return [cause, `${await othersIn(client, session, IS_THERE.includes(code) ? ['migration'] : [])}; give Tidings a database of its own: create database ${quoted('tidings')} owner ${quoted(session.role)} encoding 'UTF8' template template0;`]
  return [cause]
}

async function sessionOf(client: Pick<pg.Client, 'query'>): Promise<Session> {
  const { rows } = await client.query<Session>(`
    select current_user as role, current_database() as database, coalesce(current_schema(), 'public') as schema,
           (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) as owner`)
  return rows[0] ?? { role: '?', database: '?', schema: 'public', owner: '?' }
}

/** The statement that PostgreSQL's refusal asks for. */
function grantFor(message: string, { role, database, schema }: Session): string {
  const [, closed] = /^permission denied for schema (.+)$/.exec(message) ?? []
  if (closed !== undefined) return `grant usage, create on schema ${quoted(closed)} to ${quoted(role)};`
  if (/^permission denied for database /.test(message)) return `grant create on database ${quoted(database)} to ${quoted(role)};`
  const [, kind = '', name = ''] = /^(?:permission denied for|must be owner of) (table|sequence|function|view|schema) (.+)$/.exec(message) ?? []
  if (name !== '') return `alter ${kind} ${quoted(name)} owner to ${quoted(role)}; tables that another role made must belong to the role that upgrades them`
  return `grant usage, create on schema ${quoted(schema)} to ${quoted(role)};`
}

/** Tables that are there beside ours: whose they are tells whose the database is. */
async function othersIn(client: Pick<pg.Client, 'query'>, { database, schema }: Session, ours: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ name: string; owner: string }>(`
    select relname as name, pg_get_userbyid(relowner) as owner
    from pg_class
    where relnamespace = to_regnamespace(quote_ident($1)) and relkind in ('r', 'p', 'v') and relname <> all($2)
    order by relname
    limit 6`, [schema, ours])
  if (rows.length === 0) return `the database ${database} is in use by something else`
  const listed = rows.slice(0, 5).map(({ name, owner }) => `${name} (of ${owner})`).join(', ')
  return `the database ${database} is in use by something else: in its schema ${schema} are the tables ${listed}${rows.length > 5 ? ' and more' : ''}`
}
