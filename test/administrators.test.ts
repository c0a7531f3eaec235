import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '@tidings/server/app.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { createLog } from '@tidings/server/log.ts'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/test-database.ts'
import { SERVICE_PASSWORD, startSecurityKernel } from './support/security-kernel-server.ts'
import { changeEntry, createTenantLists, type TenantLists } from './support/tenants-lists.ts'
import { createSigner, mint, serviceClaims, userClaims } from './support/tokens.ts'

const [admin, dev, other] = [createSigner(), createSigner(), createSigner()]
const NEW = {
  name: 's1',
  typeFilter: 'jobs.*.*',
  subjectFilter: '*',
  deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/' }],
}

/**
 * A whole service with real tokens, configured as at a site, and a subscription `s1` of jdoe. What it gives back tells
 * how a user fares with that.
 */
async function startService(
  env: Readonly<Record<string, string>>,
  lists: TenantLists = createTenantLists({ admin, dev, other }),
) {
  const db = await createDatabaseForTest({ isEmpty: true })
  const directory = await mkdtemp(join(tmpdir(), 'tidings-admins-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const tenantsFile = join(directory, 'tenants.json')
  await writeFile(tenantsFile, JSON.stringify(lists))
  const config = readConfig({
    DATABASE_URL: db.url,
    HOST: '127.0.0.1',
    TAPIS_SERVICE_PORT: '0',
    TENANTS_FILE: tenantsFile,
    TIDINGS_CANARY_INTERVAL_S: '0',
    LOG_LEVEL: 'error',
    ...env,
  })
  const app = await createApp({
    config,
    databaseUrl: () => db.url,
    isAlone: false,
    log: createLog({ level: 'fatal', isTerminal: false }),
  })
  onTestFinished(() => app.stop())
  const url = await app.start()

  const call = (method: string, path: string, headers: Record<string, string>, body?: object) =>
    fetch(`${url}/v3/notifications${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
  const created = await call(
    'POST',
    '/subscriptions',
    { 'x-tapis-token': mint(admin, serviceClaims()), 'x-tapis-user': 'jdoe', 'x-tapis-tenant': 'dev' },
    NEW,
  )
  expect(created.status).toBe(201)
  return async (user: string) => {
    const token = mint(dev, userClaims({ 'tapis/username': user, sub: `${user}@dev` }))
    return (await call('GET', '/subscriptions/byName/s1?ownedBy=jdoe', { 'x-tapis-token': token })).status
  }
}

test('TIDINGS_ADMINS names administrators, each for one tenant', async () => {
  const statusFor = await startService({ TIDINGS_ADMINS: 'dev:boss, lab:eve' })
  expect(await Promise.all(['jdoe', 'boss', 'eve', 'Boss'].map(statusFor))).toEqual([200, 200, 401, 401])
})

test('if nobody is named, nobody is an administrator', async () => {
  const statusFor = await startService({})
  expect(await Promise.all(['jdoe', 'boss'].map(statusFor))).toEqual([200, 401])
})

test('with TAPIS_SERVICE_PASSWORD the Security Kernel is asked; while it is down, only owners are served', async () => {
  const kernel = await startSecurityKernel()
  onTestFinished(() => kernel.close())
  kernel.admins.add('boss@dev')
  const lists = createTenantLists({ admin, dev, other })
  changeEntry(lists.tenants, 'admin', { base_url: kernel.baseUrl, token_service: `${kernel.baseUrl}/v3/tokens` })
  changeEntry(lists.sites, 'dev', { services: ['notifications', 'security'] })
  const statusFor = await startService({ TAPIS_SERVICE_PASSWORD: SERVICE_PASSWORD }, lists)
  expect(await Promise.all(['jdoe', 'boss', 'eve'].map(statusFor))).toEqual([200, 200, 401])
  expect(kernel.tokenRequests).toMatchObject([{ body: { token_tenant_id: 'admin', target_site_id: 'dev' } }])
  await kernel.close()
  // what is known of boss is remembered
  expect(await Promise.all(['jdoe', 'boss', 'mallory'].map(statusFor))).toEqual([200, 200, 503])
})
