import type pg from 'pg'
import { SCHEMA, searchPathOf } from './schema-name.ts'
import { sql } from './sql.ts'
import { UnusableDatabase } from './unusable-database.ts'

/** These tables and columns identify an installation; other programs have a table `migration` too. */
export const TABLES = ['installation', 'partition_cursor', 'event']
const MIGRATION_COLUMNS = ['version integer', 'name text', 'applied timestamp with time zone']
const FIRST_MIGRATION = { version: 1, name: '0001_initial.sql' }

interface Candidate {
  readonly schema: string
  readonly owner: string
  readonly isReadable: boolean
  /** One of the schemas that are searched: our own, `public`, and those of the search path. */
  readonly isNear: boolean
  readonly role: string
}

/**
 * Returns the schema of the installation in this database; undefined: there is none. A former release created its
 * tables where the session's search path led, in `public` mostly, and there they stay. The session must have the search
 * path that its role and its address give it. Reads only. Throws `UnusableDatabase` when the answer is not certain.
 */
export async function findInstallationSchema(client: pg.ClientBase): Promise<string | undefined> {
  const found: string[] = []
  for (const candidate of (await candidates(client)).filter(({ isNear }) => isNear)) {
    if (!candidate.isReadable)
      throw new UnusableDatabase([
        `there is an installation in the schema ${candidate.schema}, which the role ${candidate.role} may not read; ` +
          `connect as the role that owns it, ${candidate.owner}`,
      ])
    if (await hasContent(client, candidate.schema)) found.push(candidate.schema)
  }
  if (found.length > 1)
    throw new UnusableDatabase([
      `there are ${found.length} installations in it, in the schemas ${found.join(' and ')}, and the service cannot ` +
        'tell which one to use; make a backup, and drop the tables of the wrong one',
    ])
  return found[0]
}

/** Returns schemas with what looks like an installation, outside of this session's search path. */
export const schemasOffSearchPath = async (client: pg.ClientBase): Promise<string[]> =>
  (await candidates(client)).filter(({ isNear }) => !isNear).map(({ schema }) => schema)

/** Reads the catalogues only, which needs no rights to the tables themselves. */
async function candidates(client: pg.ClientBase): Promise<Candidate[]> {
  const { rows } = await client.query<Candidate>(sql`
    select nspname as schema, pg_get_userbyid(relowner) as owner, current_user::text as role,
           has_schema_privilege(pg_namespace.oid, 'usage')
             and has_table_privilege(pg_class.oid, 'select') as "isReadable",
           (nspname in (${SCHEMA}, 'public') or nspname = any (current_schemas(false))) as "isNear"
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname = 'migration' and relkind = 'r'
      and (
        select array_agg(attname || ' ' || format_type(atttypid, null)) from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped) @> ${MIGRATION_COLUMNS}::text[]
      and (
        select count(*) from pg_class as other
        where other.relnamespace = pg_namespace.oid and other.relkind = 'r'
          and other.relname = any (${TABLES}::text[])) = ${TABLES.length}
    order by nspname`)
  return rows
}

async function hasContent(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${client.escapeIdentifier(schema)}.migration where version = $1 and name = $2`,
    [FIRST_MIGRATION.version, FIRST_MIGRATION.name],
  )
  return (rowCount ?? 0) > 0
}

/** Sets the search path of this session to the tables of the installation, and nothing else. */
export const useSchema = (client: pg.ClientBase, schema: string) =>
  client.query(sql`select set_config('search_path', ${searchPathOf(schema)}, false)`)

/** Does the same for the installation that is in the database. Returns false when there is none. */
export async function useInstallationSchema(client: pg.ClientBase): Promise<boolean> {
  const schema = await findInstallationSchema(client)
  if (schema !== undefined) await useSchema(client, schema)
  return schema !== undefined
}
