import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const TENANTS = { TENANTS_FILE: '/etc/tenants.json' }
const DATABASE = { DATABASE_URL: 'postgres://db/tidings' }

/** The violations that are named, one line each; none when the configuration is taken. */
function violationsOf(env: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
      .split('\n')
      .filter((line) => line.startsWith('  - '))
      .map((line) => line.slice(4))
  }
}

const namesOf = (env: Readonly<Record<string, string>>) => violationsOf(env).map((violation) => violation.split(':')[0])

test('nothing set is a development service on the embedded database', () => {
  expect(readConfig({})).toEqual({
    port: 8080,
    host: '127.0.0.1',
    role: 'all',
    dataDir: '.tidings',
    databaseUrl: undefined,
    broker: undefined,
    partitions: undefined,
    siteId: 'dev',
    tenants: { kind: 'development' },
    retryDelaysMs: [1000, 5000, 20_000, 60_000, 300_000, 600_000],
    retryHorizonMs: 90_000_000,
    allowAddresses: ['127.0.0.0/8', '::1/128'],
    publicUrl: undefined,
    maxSends: 1024,
    maxSendsPerAddress: 128,
    retentionHours: 72,
    subscriptions: { usersChangeFilters: false, maxTargets: 100 },
    reaperIntervalMs: 180_000,
    logLevel: 'info',
    admins: { kind: 'list', list: [] },
    allowedServices: undefined,
    publishQuotas: undefined,
    trustedProxies: [],
    canaryIntervalMs: 60_000,
    mail: { provider: 'LOG', from: { name: 'Tapis Notifications Service', address: 'no-reply@nowhere.com' } },
  })
})

test('a site decides what users may change and how many targets there may be', () => {
  expect(readConfig({ TIDINGS_USERS_CHANGE_FILTERS: 'true', TIDINGS_MAX_TARGETS: '10000' }).subscriptions).toEqual({
    usersChangeFilters: true,
    maxTargets: 10_000,
  })
  expect(namesOf({ TIDINGS_USERS_CHANGE_FILTERS: 'perhaps', TIDINGS_MAX_TARGETS: '10001' })).toEqual([
    'TIDINGS_USERS_CHANGE_FILTERS',
    'TIDINGS_MAX_TARGETS',
  ])
  expect(namesOf({ TIDINGS_MAX_TARGETS: '0' })).toEqual(['TIDINGS_MAX_TARGETS'])
})

test('every violation is named at once, wrong values and contradictions together', () => {
  const env = {
    TAPIS_SERVICE_PORT: '65536',
    TIDINGS_PARTITIONS: '0',
    TIDINGS_ALLOW_ADDRESSES: '10.0.0.0/33',
    LOG_LEVEL: 'loud',
    TIDINGS_ROLE: 'api',
    HOST: '0.0.0.0',
  }
  expect(namesOf(env)).toEqual([
    'TAPIS_SERVICE_PORT',
    'LOG_LEVEL',
    'TIDINGS_PARTITIONS',
    'TIDINGS_ALLOW_ADDRESSES',
    'TIDINGS_ROLE',
    'HOST',
  ])
})

test.each([
  ['TIDINGS_ROLE', 'both'],
  ['DATABASE_URL', 'mysql://db/tidings'],
  ['BROKER_URL', 'http://broker'],
  ['TAPIS_TENANT_SVC_BASEURL', 'tenants.example.org'],
  ['TIDINGS_SENDS_PER_ADDRESS', '0'],
  ['TIDINGS_SENDS_IN_ALL', 'many'],
])('a wrong %s, on which other rules depend, is named once and hides no other violation', (name, value) => {
  expect(namesOf({ [name]: value, LOG_LEVEL: 'loud' }).toSorted()).toEqual([name, 'LOG_LEVEL'].toSorted())
})

test.each([
  ['TAPIS_SERVICE_PORT', '0', '65535'],
  ['TIDINGS_PARTITIONS', '1', '1024'],
  ['TIDINGS_RETRY_HORIZON_S', '1', '2592000'],
  ['TIDINGS_SENDS_IN_ALL', '1', '4096'],
  ['TIDINGS_SENDS_PER_ADDRESS', '1', '1024'],
  ['RETENTION_HOURS', '1', '87600'],
  ['TAPIS_NTF_SUBSCR_REAPER_INTERVAL', '1', '1440'],
])('%s takes %s to %s', (name, least, most) => {
  expect([least, most].flatMap((value) => violationsOf({ [name]: value }))).toEqual([])
})

test.each([
  ['TAPIS_SERVICE_PORT', ['-1', '65536', '80.5', 'http', '1e9']],
  ['TIDINGS_PARTITIONS', ['0', '1025', '-8']],
  ['TIDINGS_RETRY_HORIZON_S', ['0', '2592001']],
  ['RETENTION_HOURS', ['0', '87601']],
  ['TAPIS_NTF_SUBSCR_REAPER_INTERVAL', ['0', '1441']],
  ['TIDINGS_RETRY_DELAYS_S', ['0', '0.04', '86401', '1,,2', '1,x', ',']],
  ['TIDINGS_ALLOW_ADDRESSES', ['10.0.0.1', '10.0.0.0/8,host/8']],
  ['TIDINGS_ALLOWED_SERVICES', [',', 'jobs,', ',jobs', 'jobs,,apps', 'jobs apps', 'jobs;apps', 'jobs@admin', '*']],
  ['TIDINGS_PUBLIC_URL', ['ftp://example.org', 'example.org', 'http://']],
])('%s rejects what is beyond its limits', (name, values) => {
  expect(values.map((value) => namesOf({ [name]: value }))).toEqual(values.map(() => [name]))
})

test('services that may call are a list, with or without blanks around the names; unset, all may', () => {
  expect(readConfig({ TIDINGS_ALLOWED_SERVICES: ' jobs, globus-proxy ,jobs' }).allowedServices).toEqual([
    'jobs',
    'globus-proxy',
  ])
  expect(readConfig({ TIDINGS_ALLOWED_SERVICES: ' ' }).allowedServices).toBeUndefined()
})

test('a variable set to blanks counts as not set', () => {
  const names = [
    'TAPIS_SERVICE_PORT',
    'HOST',
    'TIDINGS_ROLE',
    'DATABASE_URL',
    'BROKER_URL',
    'TENANTS_FILE',
    'TIDINGS_RETRY_DELAYS_S',
    'LOG_LEVEL',
  ]
  expect(readConfig(Object.fromEntries(names.map((name, index) => [name, index % 2 === 0 ? '' : ' \t'])))).toEqual(
    readConfig({}),
  )
})

test.each(['0.0.0.0', '::', '192.0.2.7', 'tidings.example.org'])(
  'in development a HOST that is not loopback is rejected: %s',
  (host) => {
    expect(violationsOf({ HOST: host })).toEqual([
      'HOST: with development keys only a loopback address is allowed; ' +
        'set TENANTS_FILE or TAPIS_TENANT_SVC_BASEURL to listen elsewhere',
    ])
    expect(readConfig({ HOST: host, ...TENANTS }).host).toBe(host)
  },
)

test.each(['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1', 'localhost'])(
  'in development a loopback HOST is accepted: %s',
  (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host)
  },
)

test('with real tenants the api listens on all addresses and webhooks reach no private address', () => {
  expect(readConfig(TENANTS)).toMatchObject({
    host: '0.0.0.0',
    allowAddresses: [],
    tenants: { kind: 'file', path: '/etc/tenants.json' },
  })
  expect(readConfig({ TAPIS_TENANT_SVC_BASEURL: 'https://tapis.io' })).toMatchObject({
    host: '0.0.0.0',
    tenants: { kind: 'service', baseUrl: 'https://tapis.io' },
  })
  expect(namesOf({ ...TENANTS, TAPIS_TENANT_SVC_BASEURL: 'https://tapis.io' })).toEqual([
    'TENANTS_FILE and TAPIS_TENANT_SVC_BASEURL',
  ])
})

const brokerOf = (url: string, env: Readonly<Record<string, string>> = {}) =>
  readConfig({ BROKER_URL: url, ...env }).broker

test('BROKER_URL is read whole: scheme, port, login, virtual host, heartbeat', () => {
  expect(brokerOf('amqp://broker')).toEqual({
    server: { host: 'broker', port: 5672, vhost: '/', user: 'guest', password: 'guest', heartbeatS: 5, usesTls: false },
    caFile: undefined,
  })
  expect(brokerOf('amqps://tid%40ings:p%2Fw@[::1]:7777/a%2Fb?heartbeat=20', { BROKER_CA_FILE: '/ca.pem' })).toEqual({
    server: { host: '::1', port: 7777, vhost: 'a/b', user: 'tid@ings', password: 'p/w', heartbeatS: 20, usesTls: true },
    caFile: '/ca.pem',
  })
  expect(brokerOf('amqps://user:@broker/')).toMatchObject({
    server: { port: 5671, vhost: '/', user: 'user', password: '' },
  })
})

test.each([
  'http://s3cret@b',
  'amqp://',
  'amqp:broker',
  'amqp://u:s3cret@b/x/y',
  'amqp://u:s3cret%@b',
  'amqp://u:s3cret@b/%ff',
  'amqp://u:s3cret@b?heartbeat=0',
  'amqp://u:s3cret@b?heartbeat=',
  'amqp://u:s3cret@b?verify=none',
  'amqp://b#s3cret',
])('BROKER_URL rejects %s, without repeating it', (url) => {
  expect(namesOf({ BROKER_URL: url })).toEqual(['BROKER_URL'])
  expect(violationsOf({ BROKER_URL: url }).join()).not.toContain('s3cret')
})

test('BROKER_CA_FILE needs a broker with a certificate', () => {
  expect(namesOf({ BROKER_CA_FILE: '/ca.pem' })).toEqual(['BROKER_CA_FILE'])
  expect(namesOf({ BROKER_CA_FILE: '/ca.pem', BROKER_URL: 'amqp://broker' })).toEqual(['BROKER_CA_FILE'])
})

test.each(['api', 'dispatcher'])('the role %s needs a database that others can reach', (role) => {
  expect(violationsOf({ TIDINGS_ROLE: role })).toEqual([
    `TIDINGS_ROLE: ${role} needs DATABASE_URL; the embedded PostgreSQL serves one process`,
  ])
  expect(readConfig({ TIDINGS_ROLE: role, ...DATABASE }).role).toBe(role)
})

test.each([
  'postgres://db/tidings',
  'postgresql://u:p@db:5432/tidings?sslmode=require',
  'postgres:///tidings?host=/run/postgresql',
])('DATABASE_URL may be %s', (url) => {
  expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url)
})

test('the limit for one address may not exceed the limit in all', () => {
  expect(namesOf({ TIDINGS_SENDS_IN_ALL: '100', TIDINGS_SENDS_PER_ADDRESS: '101' })).toEqual([
    'TIDINGS_SENDS_PER_ADDRESS',
  ])
  expect(readConfig({ TIDINGS_SENDS_IN_ALL: '100' })).toMatchObject({ maxSends: 100, maxSendsPerAddress: 100 })
})

test('lists and addresses are read as their users need them', () => {
  expect(
    readConfig({
      TIDINGS_RETRY_DELAYS_S: '0.05, 1.5',
      TIDINGS_ALLOW_ADDRESSES: '10.0.0.0/8, fd00::/8',
      TIDINGS_PUBLIC_URL: 'https://x.example.org/base//',
    }),
  ).toMatchObject({
    retryDelaysMs: [50, 1500],
    allowAddresses: ['10.0.0.0/8', 'fd00::/8'],
    publicUrl: 'https://x.example.org/base',
  })
})

test.each([
  'postgres://db',
  'postgres://u:s3cret@db:5432',
  'postgres://u:s3cret@db/',
  'postgresql://db/?sslmode=require',
  'postgres:///?host=/run/postgresql',
  'postgres://db/template1',
  'postgres://db/template0',
])('DATABASE_URL must name a database of its own: %s', (url) => {
  expect(violationsOf({ DATABASE_URL: url })).toEqual([
    expect.stringMatching(/^DATABASE_URL: must name (the database|a database of its own)/),
  ])
  expect(violationsOf({ DATABASE_URL: url }).join()).not.toContain('s3cret')
})

test.each(['postgres://a:5432,b:5432/x', 'postgres://a,b/x'])(
  'DATABASE_URL with several hosts is rejected with an explanation: %s',
  (url) => {
    expect(violationsOf({ DATABASE_URL: url })).toEqual([
      'DATABASE_URL: must be an address with one host name that always leads to the primary',
    ])
  },
)

test.each([
  '127.0.0.300',
  '1.2.3.4.5',
  '256.0.0.1',
  ':::1',
  'fe80::zz',
  '12345',
  'http://localhost',
  'localhost:8080',
  '127.0.0.1:8080',
  '[::1]',
  'a b',
])('HOST=%s is not an address, and the error says so', (host) => {
  for (const env of [{}, TENANTS])
    expect(violationsOf({ HOST: host, ...env })).toEqual([
      expect.stringMatching(/^HOST: (.* is not an address|must be an address or a name.*)$/),
    ])
})

test('misspelt names are reported beside wrong values', () => {
  expect(namesOf({ TIDINGS_ROL: 'api', LOG_LEVEL: 'loud', DATABSE_URL: 'postgres://db/x' })).toEqual([
    'TIDINGS_ROL',
    'DATABSE_URL',
    'LOG_LEVEL',
  ])
})
