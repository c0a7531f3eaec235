import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '@tidings/server/app.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createLog } from '@tidings/server/log.ts'
import { createTestDatabase } from './test-database.ts'
import type { TenantLists } from './tenants-lists.ts'

export interface SingleSite {
  readonly url: string
  stop(): Promise<void>
}

/** The service at a site with these tenants and sites, as the Tenants service would list them. */
export async function startSingleSite(lists: TenantLists, siteId = 'dev'): Promise<SingleSite> {
  const db = await createTestDatabase({ isEmpty: true })
  const directory = await mkdtemp(join(tmpdir(), 'tidings-site-'))
  await writeFile(join(directory, 'tenants.json'), JSON.stringify(lists))
  const config = readConfig({
    DATABASE_URL: db.url,
    TAPIS_SERVICE_PORT: '0',
    HOST: '127.0.0.1',
    TIDINGS_ROLE: 'api',
    TENANTS_FILE: join(directory, 'tenants.json'),
    TAPIS_SITE_ID: siteId,
    TIDINGS_DATA_DIR: directory,
  })
  const app = await createApp({
    config,
    databaseUrl: () => db.url,
    isAlone: false,
    log: createLog({ level: 'silent', isTerminal: false }),
  })
  return {
    url: await app.start(),
    async stop() {
      await app.stop()
      await db.drop()
      await rm(directory, { recursive: true })
    },
  }
}
