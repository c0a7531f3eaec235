import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { programArguments } from '@tidings/harness/program.ts'
import { createAuthenticator } from '@tidings/server/api/auth/caller.ts'
import { openDevelopmentKeys } from '@tidings/server/api/auth/development-keys.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { openTenants } from '@tidings/server/api/auth/tenants/open-tenants.ts'
import type { Config } from '@tidings/server/config/config.ts'
import { createRecordingLog } from './support/recording-log.ts'

const { log } = createRecordingLog()
let parent = ''
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tidings-keys-'))
  return () => rm(parent, { recursive: true })
})

let count = 0
const freshConfig = () => ({
  dataDir: join(parent, `data-${(count += 1)}`, 'inner'),
  siteId: 'dev',
  tenants: { kind: 'development' } as const,
})

interface Run {
  code: number
  stdout: string
  stderr: string
}

const runToken = (args: string[], env: Record<string, string>) =>
  new Promise<Run>((resolve) => {
    const all = [...programArguments('server/commands/token.ts'), ...args]
    execFile(
      process.execPath,
      all,
      { cwd: join(import.meta.dirname, '..'), env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
      },
    )
  })

async function authenticatorOn(config: Pick<Config, 'dataDir' | 'siteId' | 'tenants'>) {
  const tenants = await openTenants(config, log)
  onTestFinished(() => tenants.stop())
  return createAuthenticator({ tenants, siteId: config.siteId, log })
}

test('minted tokens of a service and of a user are accepted, at the configured site', async () => {
  const config = { ...freshConfig(), siteId: 'my-site' }
  const { authenticate } = await authenticatorOn(config)
  const service = await mintDevelopmentToken(config, { kind: 'service', name: 'jobs' })
  const user = await mintDevelopmentToken(config, { kind: 'user', name: 'jdoe' })
  const headers = { 'x-tapis-token': service, 'x-tapis-user': 'jdoe', 'x-tapis-tenant': 'dev' }
  expect(await authenticate(headers, 'GET')).toMatchObject({
    jwtUser: 'jobs',
    jwtTenant: 'admin',
    oboTenant: 'dev',
    isService: true,
  })
  expect(await authenticate({ 'x-tapis-token': user }, 'GET')).toMatchObject({
    jwtUser: 'jdoe',
    jwtTenant: 'dev',
    isService: false,
  })
})

test('keys that were deleted and created again are picked up by a running service', async () => {
  const config = freshConfig()
  const { authenticate } = await authenticatorOn(config)
  await rm(config.dataDir, { recursive: true })
  const token = await mintDevelopmentToken(config, { kind: 'user', name: 'jdoe' })
  await expect(authenticate({ 'x-tapis-token': token }, 'GET')).resolves.toMatchObject({ jwtUser: 'jdoe' })
})

test('only the owner can read the keys, and nothing else is left in the directory', async () => {
  const { dataDir, ...config } = freshConfig()
  await openDevelopmentKeys({ dataDir, ...config })
  expect(await readdir(dataDir)).toEqual(['development-keys.json'])
  expect((await stat(join(dataDir, 'development-keys.json'))).mode & 0o777).toBe(0o600)
})

test('a damaged key file is named, its content is not displayed, and it is left alone', async () => {
  const config = freshConfig()
  await openDevelopmentKeys(config)
  const path = join(config.dataDir, 'development-keys.json')
  await writeFile(path, 'my-private-key')
  const failure = await openDevelopmentKeys(config).catch((error: unknown) => error)
  expect(String(failure)).toMatch(/development-keys\.json does not hold/)
  expect(String(failure)).not.toContain('my-private-key')
  expect(await readFile(path, 'utf8')).toBe('my-private-key')
})

test('simultaneous openings agree on the keys', async () => {
  const config = freshConfig()
  const opened = await Promise.all(Array.from({ length: 4 }, () => openDevelopmentKeys(config)))
  expect(new Set(opened.map((keys) => JSON.stringify(keys))).size).toBe(1)
})

test('two processes that mint at the same time agree on the keys', async () => {
  const config = freshConfig()
  const env = { TIDINGS_DATA_DIR: config.dataDir }
  const runs = await Promise.all([runToken(['--user', 'ann'], env), runToken(['--user', 'bob', '--ttl-s', '60'], env)])
  const { authenticate } = await authenticatorOn(config)
  for (const { code, stdout } of runs) {
    expect(code).toBe(0)
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) // the token, alone
    await authenticate({ 'x-tapis-token': stdout.trim() }, 'GET')
  }
  expect((decodeJwt(runs[1].stdout).exp ?? 0) - Date.now() / 1000).toBeLessThanOrEqual(60)
}, 30_000)

test('the command prints the tenants file with which its tokens are valid, without a private key', async () => {
  const { dataDir } = freshConfig()
  const { code, stdout } = await runToken(['--tenants-file'], { TIDINGS_DATA_DIR: dataDir })
  expect(code).toBe(0)
  expect(stdout).not.toMatch(/PRIVATE/)
  const path = join(dataDir, 'tenants.json')
  await writeFile(path, stdout)
  const { stdout: token } = await runToken(['--service', 'jobs'], { TIDINGS_DATA_DIR: dataDir })
  const { authenticate } = await authenticatorOn({ dataDir, siteId: 'dev', tenants: { kind: 'file', path } })
  const headers = { 'x-tapis-token': token.trim(), 'x-tapis-user': 'jdoe', 'x-tapis-tenant': 'dev' }
  await expect(authenticate(headers, 'POST')).resolves.toMatchObject({ isService: true })
}, 30_000)

test('the command says on standard error how to use a service token', async () => {
  const { stdout, stderr } = await runToken(['--service', 'jobs', '--tenant', 'dev'], {
    TIDINGS_DATA_DIR: freshConfig().dataDir,
  })
  expect(decodeJwt(stdout)).toMatchObject({
    'tapis/tenant_id': 'admin',
    'tapis/username': 'jobs',
    'tapis/target_site': 'dev',
    'tapis/account_type': 'service',
  })
  expect(stderr).toMatch(/X-Tapis-Tenant: dev[\s\S]*curl/)
}, 30_000)

test.each([
  ['TENANTS_FILE', '/tmp/tenants.json'],
  ['TAPIS_TENANT_SVC_BASEURL', 'http://127.0.0.1:1'],
])(
  'with %s set no token is minted',
  async (name, value) => {
    const { dataDir } = freshConfig()
    const { code, stdout, stderr } = await runToken(['--service', 'jobs'], { TIDINGS_DATA_DIR: dataDir, [name]: value })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/can be minted only while neither/)
    await expect(stat(dataDir)).rejects.toThrow(/ENOENT/)
  },
  30_000,
)

test('wrong arguments are all named, and end with 2', async () => {
  const { code, stdout, stderr } = await runToken(
    ['extra', '--what', '--ttl-s', '0', '--tenant', 'mars', '--user', 'a', '--service', 'b', '--user', 'c'],
    {},
  )
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr.split('\n\n')[0]?.split('\n')).toEqual([
    'token: unexpected argument: extra',
    'token: --what: is not an option',
    'token: --user: given twice',
    'token: give either --service or --user',
    'token: --tenant: there is no tenant mars; choose dev or admin',
    'token: --ttl-s: must be a whole number from 1 to 31536000',
  ])
}, 30_000)

test('an option without its value is one violation, and a flag takes none', async () => {
  const violationsOf = async (...args: string[]) => (await runToken(args, {})).stderr.split('\n\n')[0]
  expect(await violationsOf('--service')).toBe('token: --service: needs a value')
  expect(await violationsOf('--tenants-file=no', '--tenant', 'dev')).toBe(
    'token: --tenants-file: takes no value\ntoken: --tenants-file cannot be combined with other options',
  )
}, 30_000)
