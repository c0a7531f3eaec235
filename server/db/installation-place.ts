import type pg from 'pg'
import { SCHEMA, searchPathOf } from './schema.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

/** By these tables and columns an installation is known; `migration` alone is a name that others use too. */
export const TABLES = ['installation', 'partition_cursor', 'event']
const MIGRATION_COLUMNS = ['version integer', 'name text', 'applied timestamp with time zone']
const FIRST_MIGRATION = { version: 1, name: '0001_initial.sql' }

interface Candidate {
  readonly schema: string
  readonly owner: string
  readonly isReadable: boolean
  /** Where installations are looked for: our own schema, `public`, and those of the search path. */
  readonly isNear: boolean
  readonly role: string
}

/**
 * The schema of the installation in this database; undefined: there is none. A release before this one made its tables where
 * the session's search path led, `public` for the most part, and there they stay. The session must have the path that its
 * role and its address give it. Reads only. Throws `UnusableDatabase` when it cannot be told.
 */
export async function findPlace(client: pg.ClientBase): Promise<string | undefined> {
  const found: string[] = []
  for (const candidate of (await candidates(client)).filter(({ isNear }) => isNear)) {
    if (!candidate.isReadable) throw new UnusableDatabase([`an installation is there, in the schema ${candidate.schema}, which the role ${candidate.role} may not read; connect as the role that owns it, ${candidate.owner}`])
    if (await hasContent(client, candidate.schema)) found.push(candidate.schema)
  }
  if (found.length > 1) throw new UnusableDatabase([`there are ${found.length} installations in it, in the schemas ${found.join(' and ')}, and nothing tells which one counts; make a backup, and drop the tables of the one that does not`])
  return found[0]
}

/** Schemas with what looks like an installation, to which this session's search path does not lead. */
export const placesElsewhere = async (client: pg.ClientBase): Promise<string[]> => (await candidates(client)).filter(({ isNear }) => !isNear).map(({ schema }) => schema)

/** The catalogues can be read without rights to the tables themselves. */
async function candidates(client: pg.ClientBase): Promise<Candidate[]> {
  const { rows } = await client.query<Candidate>(sql`
    select nspname as schema, pg_get_userbyid(relowner) as owner, current_user::text as role,
           has_schema_privilege(pg_namespace.oid, 'usage') and has_table_privilege(pg_class.oid, 'select') as "isReadable",
           (nspname in (${SCHEMA}, 'public') or nspname = any (current_schemas(false))) as "isNear"
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname = 'migration' and relkind = 'r'
      and (select array_agg(attname || ' ' || format_type(atttypid, null)) from pg_attribute where attrelid = pg_class.oid and attnum > 0 and not attisdropped)
        @> ${MIGRATION_COLUMNS}::text[]
      and (select count(*) from pg_class as other where other.relnamespace = pg_namespace.oid and other.relkind = 'r' and other.relname = any (${TABLES}::text[])) = ${TABLES.length}
    order by nspname`)
  return rows
}

async function hasContent(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(`select from ${client.escapeIdentifier(schema)}.migration where version = $1 and name = $2`, [FIRST_MIGRATION.version, FIRST_MIGRATION.name])
  return (rowCount ?? 0) > 0
}

/** Makes the tables of the installation, and nothing else, what unqualified names mean in this session. */
export const enter = (client: pg.ClientBase, schema: string) => client.query(sql`select set_config('search_path', ${searchPathOf(schema)}, false)`)

/** The same for the installation that is in the database. Answers false when there is none. */
export async function enterInstallation(client: pg.ClientBase): Promise<boolean> {
  const schema = await findPlace(client)
  if (schema !== undefined) await enter(client, schema)
  return schema !== undefined
}
