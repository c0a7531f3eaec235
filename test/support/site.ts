import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '@tidings/server/app.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createLog } from '@tidings/server/log.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import type { TenantLists } from './tenants-lists.ts'

export interface Site {
  readonly url: string
  readonly db: TestDatabase
  stop(): Promise<void>
}

/** An api at a site with these tenants and sites, as the Tenants service would list them. */
export const startSingleSite = (lists: TenantLists, siteId = 'dev'): Promise<Site> =>
  startSite(lists, { TIDINGS_ROLE: 'api', TAPIS_SITE_ID: siteId })

/** The service with these tenants and sites, on a database of its own. `env` as an operator would set it. */
export async function startSite(lists: TenantLists, env: Readonly<Record<string, string>>): Promise<Site> {
  const db = await createTestDatabase({ isEmpty: true })
  const directory = await mkdtemp(join(tmpdir(), 'tidings-site-'))
  await writeFile(join(directory, 'tenants.json'), JSON.stringify(lists))
  const config = readConfig({
    DATABASE_URL: db.url,
    TAPIS_SERVICE_PORT: '0',
    HOST: '127.0.0.1',
    TENANTS_FILE: join(directory, 'tenants.json'),
    TIDINGS_DATA_DIR: directory,
    ...env,
  })
  const app = await createApp({
    config,
    databaseUrl: () => db.url,
    isAlone: false,
    log: createLog({ level: 'silent', isTerminal: false }),
  })
  return {
    url: await app.start(),
    db,
    async stop() {
      await app.stop()
      await db.drop()
      await rm(directory, { recursive: true })
    },
  }
}
