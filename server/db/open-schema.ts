import type pg from 'pg'
import { findPlace, placesElsewhere, TABLES } from './installation-place.ts'
import { SCHEMA } from './schema.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

interface Prospect {
  readonly isThere: boolean
  readonly mayUse: boolean
  readonly mayCreate: boolean
  readonly isTaken: boolean
  /** As they can stand in a statement. */
  readonly role: string
  readonly database: string
}

/**
 * The schema of the installation in this database, or of the one that is to be made: it is there afterwards. Only under the
 * lock of the migrations, so that several processes decide alike. Throws `UnusableDatabase` with what to grant.
 */
export async function openSchema(client: pg.ClientBase): Promise<string> {
  const found = await findPlace(client)
  if (found !== undefined) return found
  const { rows: [prospect] } = await client.query<Prospect>(sql`
    select pg_namespace.oid is not null as "isThere", coalesce(has_schema_privilege(pg_namespace.oid, 'usage') and has_schema_privilege(pg_namespace.oid, 'create'), false) as "mayUse",
           has_database_privilege(current_database(), 'create') as "mayCreate", quote_ident(current_user) as role, quote_ident(current_database()) as database,
           exists (select from pg_class where relnamespace = pg_namespace.oid and relkind = 'r' and relname = any (${TABLES}::text[])) as "isTaken"
    from (values (${SCHEMA})) as wanted (name)
    left join pg_namespace on nspname = wanted.name`)
  const fault = prospect && faultOf(prospect)
  if (fault !== undefined) throw new UnusableDatabase([fault])
  if (prospect?.isThere === true) return SCHEMA
  await refuseIfElsewhere(client, prospect?.role ?? '')
  await client.query(`create schema ${SCHEMA}`)
  return SCHEMA
}

/** A path that has changed must not look like a loss of everything. Whoever wants two in one database makes the schema for the second. */
async function refuseIfElsewhere(client: pg.ClientBase, role: string): Promise<void> {
  const [place] = await placesElsewhere(client)
  if (place === undefined) return
  throw new UnusableDatabase([`an installation is in the schema ${place}, and the search path of the role ${role} does not lead there; if it is this one: alter role ${role} set search_path = "${place}"; for another one beside it: create schema ${SCHEMA} authorization ${role}`])
}

/** Never a fall-back to another schema: where the tables are must not depend on what is granted at the moment of the first start. */
function faultOf({ isThere, mayUse, mayCreate, isTaken, role, database }: Prospect): string | undefined {
  if (isThere && !mayUse) return `the role ${role} may not make tables in the schema ${SCHEMA}; as the owner of the schema: grant usage, create on schema ${SCHEMA} to ${role}`
  if (isTaken) return `the schema ${SCHEMA} has tables of another program; give the service a database of its own`
  if (!isThere && !mayCreate) return `the role ${role} may not make the schema ${SCHEMA}; as the owner of the database: create schema ${SCHEMA} authorization ${role}, or: grant create on database ${database} to ${role}`
  return undefined
}
