import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '@tidings/server/app.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createLog } from '@tidings/server/log.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'
import { createSigner, mint, type Signer, type TokenClaims } from './tokens.ts'

/**
 * | site         | tenants           | services      |
 * |--------------|-------------------|---------------|
 * | s1, primary  | admin, ta, tb     | notifications |
 * | s2           | adminx, tx        | jobs          |
 */
const TENANTS = { admin: 's1', ta: 's1', tb: 's1', adminx: 's2', tx: 's2' } as const
export type TenantId = keyof typeof TENANTS

const SITES = [
  { site_id: 's1', primary: true, site_admin_tenant_id: 'admin', services: ['notifications'] },
  { site_id: 's2', primary: false, site_admin_tenant_id: 'adminx', services: ['jobs'] },
]

export interface TwoSites {
  readonly url: string
  readonly db: TestDatabase
  readonly keys: Readonly<Record<TenantId | 'rogue', Signer>>
  stop(): Promise<void>
}

/** The service of site s1; `ta:alice` administers ta. `env` as an operator would set it. */
export async function startTwoSites(env: Readonly<Record<string, string>> = {}): Promise<TwoSites> {
  const keys = {
    admin: createSigner(),
    ta: createSigner(),
    tb: createSigner(),
    adminx: createSigner(),
    tx: createSigner(),
    rogue: createSigner(),
  }
  const db = await createTestDatabase({ isEmpty: true })
  const directory = await mkdtemp(join(tmpdir(), 'tidings-two-sites-'))
  const tenants = Object.entries(TENANTS).map(([id, site]) => ({
    tenant_id: id,
    site_id: site,
    public_key: keys[id as TenantId].publicKey,
    status: 'active',
  }))
  await writeFile(join(directory, 'tenants.json'), JSON.stringify({ tenants, sites: SITES }))
  const config = readConfig({
    DATABASE_URL: db.url,
    TAPIS_SERVICE_PORT: '0',
    HOST: '127.0.0.1',
    TIDINGS_CANARY_INTERVAL_S: '0',
    TENANTS_FILE: join(directory, 'tenants.json'),
    TAPIS_SITE_ID: 's1',
    TIDINGS_ADMINS: 'ta:alice',
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
    keys,
    async stop() {
      await app.stop()
      await db.drop()
      await rm(directory, { recursive: true })
    },
  }
}

const inFourHours = () => Math.floor(Date.now() / 1000) + 14_400

export const userOf = (name: string, tenant: string, changes: TokenClaims = {}): TokenClaims => ({
  sub: `${name}@${tenant}`,
  iss: 'x',
  exp: inFourHours(),
  'tapis/tenant_id': tenant,
  'tapis/token_type': 'access',
  'tapis/delegation': false,
  'tapis/delegation_sub': null,
  'tapis/username': name,
  'tapis/account_type': 'user',
  ...changes,
})

export const serviceOf = (name: string, changes: TokenClaims = {}): TokenClaims =>
  userOf(name, 'admin', { 'tapis/account_type': 'service', 'tapis/target_site': 's1', ...changes })

/** Headers of callers. */
export const callersOf = ({ keys }: Pick<TwoSites, 'keys'>) => ({
  user: (name: string, tenant: 'ta' | 'tb' | 'tx') => ({ 'X-Tapis-Token': mint(keys[tenant], userOf(name, tenant)) }),
  service: (tenant: string, user: string, service = 'jobs') => ({
    'X-Tapis-Token': mint(keys.admin, serviceOf(service)),
    'X-Tapis-User': user,
    'X-Tapis-Tenant': tenant,
  }),
})
