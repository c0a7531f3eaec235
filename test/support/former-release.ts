import { readFile } from 'node:fs/promises'
import pg from 'pg'

/** What the last release that knew no schema of ours had: it made its tables where the session's search path led. */
const MIGRATIONS = ['0001_initial.sql', '0002_surface.sql', '0003_engines.sql']

/** Makes the tables in this database as that release did. */
export async function installFormerRelease(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      'create table migration (version integer primary key, name text not null, applied timestamptz not null default now())',
    )
    for (const [index, name] of MIGRATIONS.entries()) {
      await client.query(await readFile(new URL(`../../server/migrations/${name}`, import.meta.url), 'utf8'))
      await client.query('insert into migration (version, name) values ($1, $2)', [index + 1, name])
    }
  } finally {
    await client.end()
  }
}
