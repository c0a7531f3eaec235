import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VARIABLES } from '@tidings/server/config/variables.ts'
import { parseDockerfile, readRepositoryFile } from './support/dockerfile.ts'

/** Names of the original that are read in the place of ours: DATABASE_URL and BROKER_URL. */
const UNDERSTOOD = [
  'TAPIS_DB_JDBC_URL',
  'TAPIS_DB_USER',
  'TAPIS_DB_PASSWORD',
  'TAPIS_QUEUE_HOST',
  'TAPIS_QUEUE_USER',
  'TAPIS_QUEUE_PASSWORD',
]
/** Names of the original that have no use here, and may stay. */
const WITHOUT_USE = ['TAPIS_QUEUE_ADMIN_USER', 'TAPIS_QUEUE_ADMIN_PASSWORD']
/** What the deployer sets for both services, in its compose file or in the file of secrets. */
const OF_A_SITE = [
  'TAPIS_DB_JDBC_URL',
  'TAPIS_DB_USER',
  'TAPIS_DB_PASSWORD',
  'TAPIS_SITE_ID',
  'TAPIS_TENANT_SVC_BASEURL',
  'TAPIS_SERVICE_PASSWORD',
  'TAPIS_QUEUE_HOST',
  'TAPIS_QUEUE_USER',
  'TAPIS_QUEUE_PASSWORD',
]
const MAIL = ['TAPIS_MAIL_PROVIDER', 'TAPIS_SMTP_HOST', 'TAPIS_SMTP_PORT']
const isKnown = (name: string) => Object.hasOwn(VARIABLES, name) || UNDERSTOOD.includes(name)

interface Overlay {
  readonly image: string
  readonly command: readonly string[]
  readonly environment: readonly string[]
}

interface Deployment {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly selector: { readonly matchLabels: object }
    readonly template: {
      readonly metadata: { readonly labels: object }
      readonly spec: {
        readonly containers: readonly {
          readonly image: string
          readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
        }[]
      }
    }
  }
}

const readme = await readRepositoryFile('deploy/tapis/README.md')
const [composeText, apiText, dispatcherText] = await Promise.all(
  ['compose.tidings.yaml', 'kubernetes/api.yaml', 'kubernetes/dispatcher.yaml'].map((file) =>
    readRepositoryFile(`deploy/tapis/${file}`),
  ),
)
const named = new Set([...readme.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
const table = readme.slice(readme.indexOf('## Every line that differs'), readme.indexOf('Left out of the manifests'))

describe('compose.tidings.yaml', () => {
  const { services } = parse(composeText ?? '') as { services: Readonly<Record<string, Overlay>> }

  test('changes the two services of the deployer, to the roles of their names, in our image', async () => {
    const roles = Object.entries(services).map(([name, { environment }]) => [
      name,
      environment.find((entry) => entry.startsWith('TIDINGS_ROLE=')),
    ])
    expect(roles).toEqual([
      ['notifications-api', 'TIDINGS_ROLE=api'],
      ['notifications-dispatcher', 'TIDINGS_ROLE=dispatcher'],
    ])
    const { services: ours } = parse(await readRepositoryFile('compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, { image: string }>>
    }
    const imageCommand = parseDockerfile(await readRepositoryFile('Dockerfile')).find(
      ({ name }) => name === 'CMD',
    )?.exec
    for (const { image, command } of Object.values(services)) {
      expect(image).toBe(ours['api-1']?.image)
      expect(command).toEqual(imageCommand)
    }
  })

  test('with what a site has, nothing names its RabbitMQ, and every variable is known', () => {
    for (const { environment } of Object.values(services)) {
      const own = new Map(
        environment.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      )
      const all = new Map([...OF_A_SITE.map((name) => [name, 'of the site'] as const), ...own])
      expect([...all].flatMap(([name, value]) => (isKnown(name) ? [] : [[name, value]]))).toEqual([])
      expect([...all].filter(([name, value]) => name.startsWith('TAPIS_QUEUE_') && value !== '')).toEqual([])
      expect([...all].filter(([name, value]) => name.startsWith('TAPIS_DB_') && value === '')).toEqual([])
    }
  })

  test('each of its lines is explained', () => {
    const keys = Object.values(services).flatMap((service) => [
      ...Object.keys(service).filter((key) => key !== 'environment'),
      ...service.environment.map((entry) => entry.split('=')[0] ?? ''),
    ])
    for (const key of keys) expect(table, key).toContain(`\`${key}\``)
  })
})

describe.each([
  ['api', apiText ?? '', []],
  ['dispatcher', dispatcherText ?? '', MAIL],
])('kubernetes/%s.yaml', (role, text, more) => {
  const { kind, metadata, spec } = parse(text) as Deployment
  const [container] = spec.template.spec.containers
  const names = container?.env.map(({ name }) => name) ?? []

  test('is the deployment of the deployer, with its variables, its secrets and a role', async () => {
    expect([kind, metadata.name, spec.selector.matchLabels, spec.template.metadata.labels]).toEqual([
      'Deployment',
      `notifications-${role}`,
      { app: `notifications-${role}` },
      { app: `notifications-${role}` },
    ])
    expect(names.toSorted()).toEqual(
      ['TIDINGS_ROLE', ...OF_A_SITE.filter((name) => !name.startsWith('TAPIS_QUEUE_')), ...more].toSorted(),
    )
    expect(names.filter((name) => !isKnown(name))).toEqual([])
    expect(container?.env.find(({ name }) => name === 'TIDINGS_ROLE')?.value).toBe(role)
    for (const { name, value } of container?.env ?? [])
      if (name.endsWith('_PASSWORD')) expect(value, name).toBeUndefined()
    expect(await readRepositoryFile('deploy/kubernetes/api.yaml')).toContain(`image: ${container?.image ?? ''}\n`)
  })

  test('each line that is marked is explained', () => {
    const marked = [...text.matchAll(/^ *-? *(?:\{ name: )?(\w+).*# (?:changed|new)$/gm)].map(([, key = '']) => key)
    expect(marked).toEqual(['terminationGracePeriodSeconds', 'image', 'TIDINGS_ROLE'])
    for (const key of marked) expect(table, key).toContain(`\`${key}\``)
  })
})

test('the page names variables that are known, or unused', () => {
  expect(
    [...named].filter((name) => /^(TAPIS|TIDINGS)_/.test(name) && !isKnown(name) && !WITHOUT_USE.includes(name)),
  ).toEqual([])
})
