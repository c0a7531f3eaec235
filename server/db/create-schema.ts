import type pg from 'pg'
import { required } from '../runtime/required.ts'
import { findInstallationSchema, schemasOffSearchPath, TABLES } from './installation-schema.ts'
import { SCHEMA } from './schema-name.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

interface SchemaState {
  readonly isThere: boolean
  readonly mayUse: boolean
  readonly mayCreate: boolean
  readonly isTaken: boolean
  /** As they can stand in a statement. */
  readonly role: string
  readonly database: string
}

/**
 * Finds the schema of the installation in this database, or creates it for a new one, and returns its name. Only under
 * the migration lock, so that several processes decide alike. Throws `UnusableDatabase` with what to grant.
 */
export async function findOrCreateSchema(client: pg.ClientBase): Promise<string> {
  const found = await findInstallationSchema(client)
  if (found !== undefined) return found
  const { rows } = await client.query<SchemaState>(sql`
    select pg_namespace.oid is not null as "isThere",
           coalesce(
             has_schema_privilege(pg_namespace.oid, 'usage') and has_schema_privilege(pg_namespace.oid, 'create'),
             false) as "mayUse",
           has_database_privilege(current_database(), 'create') as "mayCreate",
           quote_ident(current_user) as role, quote_ident(current_database()) as database,
           exists (
             select from pg_class
             where relnamespace = pg_namespace.oid and relkind = 'r' and relname = any (${TABLES}::text[])) as "isTaken"
    from (values (${SCHEMA})) as wanted (name)
    left join pg_namespace on nspname = wanted.name`)
  const state = required(rows[0], 'the row of the wanted schema')
  const reason = reasonOf(state)
  if (reason !== undefined) throw new UnusableDatabase([reason])
  if (state.isThere) return SCHEMA
  await rejectIfElsewhere(client, state.role)
  await client.query(`create schema ${SCHEMA}`)
  return SCHEMA
}

/**
 * Rejects a start whose search path has changed, which would look like the loss of all data. An operator who wants two
 * installations in one database creates the schema for the second.
 */
async function rejectIfElsewhere(client: pg.ClientBase, role: string): Promise<void> {
  const [place] = await schemasOffSearchPath(client)
  if (place === undefined) return
  throw new UnusableDatabase([
    `there is an installation in the schema ${place}, but the search path of the role ${role} does not include it; ` +
      `to use it: alter role ${role} set search_path = "${place}"; ` +
      `to create another one beside it: create schema ${SCHEMA} authorization ${role}`,
  ])
}

/** There is no fallback to another schema: where the tables are must not depend on the grants at the first start. */
function reasonOf({ isThere, mayUse, mayCreate, isTaken, role, database }: SchemaState): string | undefined {
  if (isThere && !mayUse)
    return (
      `the role ${role} may not create tables in the schema ${SCHEMA}; ` +
      `as the owner of the schema: grant usage, create on schema ${SCHEMA} to ${role}`
    )
  if (isTaken) return `the schema ${SCHEMA} has tables of another program; give the service a database of its own`
  if (!isThere && !mayCreate)
    return (
      `the role ${role} may not create the schema ${SCHEMA}; ` +
      `as the owner of the database: create schema ${SCHEMA} authorization ${role}, ` +
      `or: grant create on database ${database} to ${role}`
    )
  return undefined
}
