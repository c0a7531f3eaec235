import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { openApiDocument } from '@tidings/server/api/openapi/document.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import { VARIABLES } from '@tidings/server/config/variables.ts'
import { POOL_SETTINGS } from '@tidings/server/wiring/pools.ts'
import { appliedManifests, composeServices, manifests, podsOf } from './support/deployment-files.ts'
import {
  copiesOf,
  createDockerIgnore,
  filesOf,
  parseDockerfile,
  readRepositoryFile,
  ROOT,
} from './support/dockerfile.ts'

/** Of Node.js itself. */
const OTHER_VARIABLES = ['NODE_ENV', 'NODE_OPTIONS']
const HEALTHCHECK = ['node', 'bin/tidings-healthcheck.js']
/** Of a stop, in main.ts, with what comes before and after it. */
const LEAST_GRACE_S = 45
const FILLED_IN = { POSTGRES_PASSWORD: 'abc', RABBITMQ_PASSWORD: 'def', TENANTS_FILE: './tenants.json' }

const dockerfile = parseDockerfile(await readRepositoryFile('Dockerfile'))
const isIgnored = createDockerIgnore(await readRepositoryFile('.dockerignore'))
const composeText = await readRepositoryFile('compose.yaml')
const services = composeServices(composeText, FILLED_IN)
const ours = Object.entries(services).filter(([name]) => /^(api|dispatcher)-/.test(name))
const objects = await manifests()
const pods = podsOf(objects)
const containers = pods.flatMap(({ spec }) => spec.containers)

function expectKnown(names: readonly string[]): void {
  expect(names.filter((name) => !Object.hasOwn(VARIABLES, name) && !OTHER_VARIABLES.includes(name))).toEqual([])
}

describe('the image', () => {
  const last = (name: string) => dockerfile.findLast((instruction) => instruction.name === name)

  test('runs as a user that is not root, known by its number', () => {
    const from = dockerfile.findLastIndex(({ name }) => name === 'FROM')
    const user = dockerfile.findLastIndex(({ name }) => name === 'USER')
    expect(user).toBeGreaterThan(from)
    expect(dockerfile[user]?.text).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  test('signals reach Node.js: there is no shell in between', () => {
    expect(last('CMD')?.exec).toEqual(['node', 'bin/tidings.js'])
    expect(last('ENTRYPOINT')).toBeUndefined()
    expect(last('STOPSIGNAL')?.text).toBe('SIGTERM')
  })

  test('has a health check with its own command', () => {
    expect(last('HEALTHCHECK')?.exec).toEqual(HEALTHCHECK)
  })

  test('is made from a pinned version', () => {
    const bases = dockerfile.flatMap(({ name, text }) =>
      name === 'ARG' && text.startsWith('NODE_IMAGE=') ? [text.slice('NODE_IMAGE='.length)] : [],
    )
    expect(bases).toEqual([expect.stringMatching(/^node:\d+-\w+-slim$/)])
    const stages = ['${NODE_IMAGE}']
    for (const { text } of dockerfile.filter(({ name }) => name === 'FROM')) {
      const [from = '', , stage = ''] = text.split(' ')
      expect(stages).toContain(from)
      stages.push(stage)
    }
    expectKnown(dockerfile.flatMap(({ name, text }) => (name === 'ENV' ? [text.split('=')[0] ?? ''] : [])))
  })

  test('has all that it needs, and neither tests nor stray files of a checkout', async () => {
    const files = await Promise.all(
      copiesOf(dockerfile).flatMap(({ sources }) =>
        sources.map((source) => filesOf(source.replace(/\/$/, ''), isIgnored)),
      ),
    )
    expect(files.filter((list) => list.length === 0)).toEqual([])
    expect(files.flat()).toEqual(
      expect.arrayContaining([
        'package-lock.json',
        'test/package.json',
        'server/main.ts',
        'bin/tidings.js',
        'tsconfig.build.json',
        'server/migrations/0001_initial.sql',
        'contract/event.ts',
      ]),
    )
    expect(files.flat().filter((file) => /\.test\.ts$|node_modules/.test(file))).toEqual([])
    for (const path of [
      'node_modules/pg/package.json',
      'server/node_modules/x.js',
      '.git/config',
      '.tidings/development-keys.json',
      '.env',
      'server/.env',
      'test/deployment.test.ts',
      'tenants.json',
    ]) {
      expect(isIgnored(path), path).toBe(true)
    }
  })
})

describe('compose.yaml', () => {
  test('two apis, two dispatchers: they start when their engines are healthy and may finish when stopped', () => {
    expect(ours.map(([name]) => name)).toEqual(['api-1', 'api-2', 'dispatcher-1', 'dispatcher-2'])
    for (const [name, service] of ours) {
      expect(service.environment['TIDINGS_ROLE'], name).toBe(name.split('-')[0])
      expect(service.depends_on, name).toEqual({
        postgres: { condition: 'service_healthy' },
        rabbitmq: { condition: 'service_healthy' },
      })
      expect(Number.parseInt(service.stop_grace_period), name).toBeGreaterThanOrEqual(LEAST_GRACE_S)
      expect(service.read_only, name).toBe(true)
      expect(service.tmpfs, name).toEqual(['/tmp'])
    }
    for (const engine of [services['postgres'], services['rabbitmq']]) expect(engine?.healthcheck?.test[0]).toBe('CMD')
  })

  test('the service starts with the given environment', () => {
    for (const [, service] of ours) {
      expectKnown(Object.keys(service.environment))
      expect(() => readConfig(service.environment)).not.toThrow()
    }
  })

  const configsWith = (values: Readonly<Record<string, string>>) =>
    Object.entries(composeServices(composeText, { ...FILLED_IN, ...values })).flatMap(([name, service]) =>
      /^(api|dispatcher)-/.test(name)
        ? [{ role: name.split('-')[0], volumes: service.volumes, read: () => readConfig(service.environment) }]
        : [],
    )

  test('tenants come from the mounted file, or else the Tenants service; with neither it does not start', () => {
    for (const { volumes, read } of configsWith({})) {
      expect(volumes).toEqual(['./tenants.json:/etc/tidings/tenants.json:ro'])
      expect(read().tenants).toEqual({ kind: 'file', path: '/etc/tidings/tenants.json' })
    }
    for (const { volumes, read } of configsWith({ TENANTS_FILE: '', TAPIS_TENANT_SVC_BASEURL: 'https://tapis.io' })) {
      expect(volumes).toEqual(['/dev/null:/etc/tidings/tenants.json:ro'])
      expect(read().tenants).toEqual({ kind: 'service', baseUrl: 'https://tapis.io' })
    }
    for (const { read } of configsWith({ TENANTS_FILE: '' }))
      expect(read).toThrow('set TENANTS_FILE or TAPIS_TENANT_SVC_BASEURL')
  })

  test('dispatchers get the settings of the mail server', () => {
    const values = {
      TAPIS_MAIL_PROVIDER: 'SMTP',
      TAPIS_SMTP_HOST: 'mail',
      TAPIS_SMTP_PORT: '587',
      TAPIS_SMTP_AUTH: 'true',
      TAPIS_SMTP_USER: 'u',
      TAPIS_SMTP_PASSWORD: 'p',
      TAPIS_SMTP_FROM_NAME: 'N',
      TAPIS_SMTP_FROM_ADDRESS: 'n@example.org',
      TIDINGS_SMTP_SECURITY: 'tls',
    }
    const dispatchers = configsWith(values).filter(({ role }) => role === 'dispatcher')
    expect(dispatchers).toHaveLength(2)
    for (const { read } of dispatchers) {
      expect(read().mail).toEqual({
        provider: 'SMTP',
        from: { name: 'N', address: 'n@example.org' },
        server: { host: 'mail', port: 587, security: 'tls', login: { user: 'u', password: 'p' } },
      })
    }
  })

  test('no password has a default', () => {
    for (const variable of ['POSTGRES_PASSWORD', 'RABBITMQ_PASSWORD']) {
      expect(() => composeServices(composeText, { ...FILLED_IN, [variable]: '' })).toThrow(variable)
    }
    expect(composeText).not.toMatch(/PASSWORD:-[^}]/)
  })

  test('the data of the engines is in named volumes, on images of a pinned version', async () => {
    const { volumes } = parse(composeText, { merge: true }) as { volumes: object }
    for (const engine of [services['postgres'], services['rabbitmq']]) {
      expect(Object.keys(volumes)).toContain(engine?.volumes[0]?.split(':')[0])
      expect(engine?.image).toMatch(/^\w+:\d/)
    }
    const names = (await readRepositoryFile('deploy/compose.env.example')).match(/^\w+(?==)/gm)
    expect(new Set(names)).toEqual(new Set(composeText.match(/(?<=\$\{)\w+/g)))
  })
})

describe('the Kubernetes manifests', () => {
  const names = (kind: string) => objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name)

  test('an api behind a Service and a dispatcher, each with a budget, and no secret in what is applied', async () => {
    expect(names('Deployment')).toEqual(['tidings-api', 'tidings-dispatcher'])
    expect(names('PodDisruptionBudget')).toEqual(['tidings-api', 'tidings-dispatcher'])
    expect(names('Service')).toEqual(['tidings-api'])
    expect(new Set((await appliedManifests()).map(({ kind }) => kind))).toEqual(
      new Set(['Deployment', 'PodDisruptionBudget', 'Service']),
    )
  })

  test('selectors match labels, and what is mounted exists', () => {
    for (const { selector, labels, spec } of pods) {
      expect(labels).toMatchObject(selector)
      for (const container of spec.containers)
        expect(container.volumeMounts.map(({ name }) => name)).toEqual(spec.volumes.map(({ name }) => name))
    }
    const referred = containers
      .flatMap(({ envFrom }) => envFrom)
      .map(
        ({ configMapRef, secretRef }) =>
          `${configMapRef ? 'ConfigMap' : 'Secret'} ${(configMapRef ?? secretRef)?.name ?? ''}`,
      )
    const mounted = pods
      .flatMap(({ spec }) => spec.volumes)
      .flatMap(({ configMap }) => (configMap ? [`ConfigMap ${configMap.name}`] : []))
    const given = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    for (const name of [...referred, ...mounted]) expect(given).toContain(name)
  })

  test('pods are not root, write only to /tmp, spread over hosts and may finish their work', () => {
    for (const { spec } of pods) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
      expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(LEAST_GRACE_S)
      expect(spec.topologySpreadConstraints).toHaveLength(1)
    }
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.volumeMounts.find(({ mountPath }) => mountPath === '/tmp')).toBeDefined()
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
        limits: { memory: expect.any(String) as string },
      })
      expect(container.image).toMatch(/:\d/)
    }
  })

  test('probes request paths that exist', () => {
    const paths = Object.keys(openApiDocument(undefined).paths)
    const [api, dispatcher] = containers
    const asked = [api?.startupProbe, api?.livenessProbe, api?.readinessProbe].map((probe) => probe?.httpGet?.path)
    expect(asked).toEqual([
      '/v3/notifications/healthcheck',
      '/v3/notifications/healthcheck',
      '/v3/notifications/readycheck',
    ])
    for (const path of asked) expect(paths).toContain(path)
    expect(dispatcher?.livenessProbe?.exec?.command).toEqual(HEALTHCHECK)
    expect(dispatcher?.readinessProbe?.exec?.command).toEqual([...HEALTHCHECK, '--strict'])
    expect(dispatcher?.startupProbe?.exec?.command).toEqual([...HEALTHCHECK, '--strict'])
  })

  test('the service knows its variables; a placeholder left in place stops the start', () => {
    const data = objects.flatMap(({ kind, data: plain, stringData, metadata }) =>
      metadata.name === 'tidings' && ['ConfigMap', 'Secret'].includes(kind) ? [plain ?? stringData ?? {}] : [],
    )
    const given: Record<string, string> = Object.assign({}, ...data) as Record<string, string>
    for (const { env } of containers) {
      const own = Object.fromEntries(env.map(({ name, value }) => [name, value]))
      expectKnown(Object.keys({ ...given, ...own }))
      expect(() => readConfig({ ...given, ...own })).toThrow(/DATABASE_URL[\s\S]*BROKER_URL/)
      expect(() =>
        readConfig({
          ...given,
          ...own,
          DATABASE_URL: 'postgres://u:p@db/tidings',
          BROKER_URL: 'amqps://u:p@mq/tidings',
        }),
      ).not.toThrow()
    }
  })
})

describe('docs/operations.md', async () => {
  const page = await readRepositoryFile('docs/operations.md')

  test('counts the connections that the pools open, and so does the page on moving', async () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (api|dispatcher|both) \|/gm)].map(
      ([, name = '', count, role]) => ({ name, count: Number(count), role }),
    )
    expect(
      Object.fromEntries(rows.filter(({ name }) => name !== 'listen').map(({ name, count }) => [name, count])),
    ).toEqual(
      Object.fromEntries(Object.entries(POOL_SETTINGS).map(([name, { maxConnections }]) => [name, maxConnections])),
    )
    const sum = (...roles: (string | undefined)[]) =>
      rows.filter(({ role }) => roles.includes(role)).reduce((total, { count }) => total + count, 0)
    const said = (role: string) => Number(new RegExp(`\\*\\*${role}: (\\d+)\\*\\*`).exec(page)?.[1])
    expect({ api: said('api'), dispatcher: said('dispatcher'), all: said('all') }).toEqual({
      api: sum('api', 'both'),
      dispatcher: sum('dispatcher', 'both'),
      all: sum('api', 'dispatcher', 'both'),
    })
    const moving = await readRepositoryFile('docs/moving-from-tapis-notifications.md')
    const numbers =
      /(?<api>\d+) connections for an api, (?<dispatcher>\d+) for a dispatcher, (?<all>\d+) for both in one process/
    const { groups: told } = numbers.exec(moving) ?? {}
    expect(told).toEqual({ api: `${said('api')}`, dispatcher: `${said('dispatcher')}`, all: `${said('all')}` })
    const { 1: limit } = /max_connections=(\d+)/.exec(composeText) ?? []
    expect(Number(limit)).toBeGreaterThan(2 * (said('api') + said('dispatcher')))
  })

  test('names variables and files that exist', async () => {
    expectKnown([...new Set(page.match(/\b(TIDINGS|TAPIS)_[A-Z_]+\b/g))])
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.length).toBeGreaterThan(0)
    for (const link of links) await expect(access(join(ROOT, 'docs', link)), link).resolves.toBeUndefined()
  })
})
