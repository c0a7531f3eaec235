import { expect, test } from 'vitest'
import { ConfigError, startupNotices, readConfig } from './config.ts'

const JDBC = 'jdbc:postgresql://notifications-postgres-16:5432/tapisntfdb'
const DATABASE = { TAPIS_DB_JDBC_URL: JDBC, TAPIS_DB_USER: 'tapis_ntf', TAPIS_DB_PASSWORD: 's3cret' }
const QUEUE = { TAPIS_QUEUE_HOST: 'notifications-rabbitmq', TAPIS_QUEUE_USER: 'notif', TAPIS_QUEUE_PASSWORD: 's3cret' }
/** As the deployer's manifest of the api has it. */
const DEPLOYED = {
  ...DATABASE,
  ...QUEUE,
  TAPIS_SITE_ID: 'tacc',
  TAPIS_TENANT_SVC_BASEURL: 'https://admin.tapis.example.org',
  TAPIS_SERVICE_PASSWORD: 's3cret',
  TAPIS_QUEUE_ADMIN_USER: 'tapis',
  TAPIS_QUEUE_ADMIN_PASSWORD: 's3cret',
}

type Env = Readonly<Record<string, string>>

function violationsOf(env: Env): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.message).not.toContain('s3cret')
    return error.message
      .split('\n')
      .filter((line) => line.startsWith('  - '))
      .map((line) => line.slice(4))
  }
}

const urlOf = (env: Env) => readConfig({ ...DATABASE, ...env }).databaseUrl
const brokerOf = (env: Env) => readConfig({ ...QUEUE, ...env }).broker?.server

test('what the deployer sets is understood unchanged', () => {
  expect(readConfig(DEPLOYED)).toMatchObject({
    databaseUrl: 'postgres://tapis_ntf:s3cret@notifications-postgres-16:5432/tapisntfdb',
    siteId: 'tacc',
    host: '0.0.0.0',
    port: 8080,
    broker: {
      server: {
        host: 'notifications-rabbitmq',
        port: 5672,
        vhost: 'NotificationsHost',
        user: 'notif',
        password: 's3cret',
        usesTls: false,
      },
    },
    tenants: { kind: 'service', baseUrl: 'https://admin.tapis.example.org' },
    admins: { kind: 'security_kernel', password: 's3cret' },
  })
})

test('a start reports where database and broker come from, and what is unused, without a password', () => {
  const notices = startupNotices({
    ...DEPLOYED,
    TIDINGS_FOO: '1',
    KUBERNETES_PORT: 'tcp://10.0.0.1:443',
    TAPIS_SMTP_PORT: 'tcp://10.0.0.2:25',
    PORT: '5000',
  })
  expect(notices.map(({ level, message, fields }) => [level, message, ...Object.values(fields)])).toEqual([
    ['warn', 'variables that this service does not know are not read', 'TIDINGS_FOO'],
    [
      'info',
      'variables of Tapis Notifications that have no use here are not read',
      'TAPIS_QUEUE_ADMIN_USER, TAPIS_QUEUE_ADMIN_PASSWORD',
    ],
    [
      'warn',
      'variables ignored: a Kubernetes service of this name has set them; enableServiceLinks: false prevents that',
      'TAPIS_SMTP_PORT',
    ],
    ['info', 'PORT is not read; the port is TAPIS_SERVICE_PORT', 'PORT'],
    ['info', 'the database is', 'tapis_ntf@notifications-postgres-16:5432/tapisntfdb', 'TAPIS_DB_JDBC_URL'],
    ['info', 'the broker is', 'notif@notifications-rabbitmq:5672/NotificationsHost', 'TAPIS_QUEUE_HOST'],
  ])
  expect(JSON.stringify(notices)).not.toContain('s3cret')
})

test('with nothing set it reports that the embedded PostgreSQL is used', () => {
  expect(startupNotices({}).map(({ message, fields }) => [message, ...Object.values(fields)])).toEqual([
    ['the database is', 'the embedded PostgreSQL in TIDINGS_DATA_DIR, because DATABASE_URL is not set'],
    ['the broker is', 'the database, because BROKER_URL is not set'],
  ])
  expect(
    startupNotices({ DATABASE_URL: 'postgres://u:s3cret@db/postgres' }).map(({ message }) => message),
  ).toContainEqual(expect.stringContaining('for maintenance'))
})

test.each([
  ['jdbc:postgresql://db/x', 'postgres://tapis_ntf:s3cret@db:5432/x'],
  [
    'jdbc:postgresql://db:6000/x?sslmode=verify-full&sslrootcert=/ca.pem',
    'postgres://tapis_ntf:s3cret@db:6000/x?sslmode=verify-full&sslrootcert=%2Fca.pem',
  ],
  ['jdbc:postgresql://db/x?ssl=true', 'postgres://tapis_ntf:s3cret@db:5432/x?sslmode=verify-full'],
  ['jdbc:postgresql://db/x?ssl', 'postgres://tapis_ntf:s3cret@db:5432/x?sslmode=verify-full'],
  ['jdbc:postgresql://db/x?ssl=false&sslmode=require', 'postgres://tapis_ntf:s3cret@db:5432/x?sslmode=require'],
  ['jdbc:postgresql://[fd00::5]:6000/x', 'postgres://tapis_ntf:s3cret@[fd00::5]:6000/x'],
  ['jdbc:postgresql:x', 'postgres://tapis_ntf:s3cret@localhost:5432/x'],
  ['jdbc:postgresql:///x', 'postgres://tapis_ntf:s3cret@localhost:5432/x'],
  ['jdbc:postgresql://db/a%20b', 'postgres://tapis_ntf:s3cret@db:5432/a%20b'],
])('%s is %s', (jdbc, url) => {
  expect(urlOf({ TAPIS_DB_JDBC_URL: jdbc })).toBe(url)
})

test('a login is carried over unchanged, whatever is in it, and may be part of the address', () => {
  const password = `a:b/c?d#e@f%g h+i&j'é"`
  const url = new URL(urlOf({ TAPIS_DB_USER: 'u@x', TAPIS_DB_PASSWORD: password }) ?? '')
  expect([decodeURIComponent(url.username), decodeURIComponent(url.password), url.hostname]).toEqual([
    'u@x',
    password,
    'notifications-postgres-16',
  ])
  expect(brokerOf({ TAPIS_QUEUE_USER: 'u@x', TAPIS_QUEUE_PASSWORD: password })).toMatchObject({ user: 'u@x', password })
  expect(readConfig({ TAPIS_DB_JDBC_URL: 'jdbc:postgresql://db/x?user=me&password=p%40w' }).databaseUrl).toBe(
    'postgres://me:p%40w@db:5432/x',
  )
})

test('parameters that only Java reads are named, or rejected where they decide whom to trust', () => {
  expect(
    startupNotices({
      ...DATABASE,
      TAPIS_DB_JDBC_URL: `${JDBC}?currentSchema=tapis_ntf&reWriteBatchedInserts=true`,
    }).find(({ level }) => level === 'warn')?.fields,
  ).toEqual({ names: 'currentSchema, reWriteBatchedInserts' })
  expect(
    violationsOf({ ...DATABASE, TAPIS_DB_JDBC_URL: `${JDBC}?sslfactory=org.postgresql.ssl.NonValidatingFactory` }),
  ).toEqual([
    'TAPIS_DB_JDBC_URL: has sslfactory, which only Java understands; set DATABASE_URL, with sslmode and sslrootcert',
  ])
})

test.each([
  ['postgres://db/x', 'must be jdbc:postgresql://host:port/database'],
  ['jdbc:mysql://db/x', 'must be jdbc:postgresql://host:port/database'],
  ['jdbc:postgresql://db:port/x', 'must be jdbc:postgresql://host:port/database'],
  ['jdbc:postgresql://u:s3cret@db/x', 'must be jdbc:postgresql://host:port/database'],
  ['jdbc:postgresql://db/', 'does not name a database: jdbc:postgresql://host:port/database'],
  ['jdbc:postgresql://db', 'does not name a database: jdbc:postgresql://host:port/database'],
  ['jdbc:postgresql://a:1,b:2/x', 'names several hosts; give one name that always leads to the primary'],
  [
    'jdbc:postgresql://db/x?sslmode=yes',
    'has an unknown sslmode; use one of disable, allow, prefer, require, verify-ca, verify-full',
  ],
])('TAPIS_DB_JDBC_URL=%s: %s', (jdbc, violation) => {
  expect(violationsOf({ ...DATABASE, TAPIS_DB_JDBC_URL: jdbc })).toEqual([`TAPIS_DB_JDBC_URL: ${violation}`])
})

test.each<[string, Env, string]>([
  [
    'a password alone',
    { TAPIS_DB_PASSWORD: 's3cret' },
    'TAPIS_DB_PASSWORD: TAPIS_DB_JDBC_URL and TAPIS_DB_USER must be set too; or set only DATABASE_URL',
  ],
  [
    'an address alone',
    { TAPIS_DB_JDBC_URL: JDBC },
    'TAPIS_DB_JDBC_URL: TAPIS_DB_USER and TAPIS_DB_PASSWORD must be set too; or set only DATABASE_URL',
  ],
  [
    'a host without a login',
    { TAPIS_QUEUE_HOST: 'mq' },
    'TAPIS_QUEUE_HOST: TAPIS_QUEUE_USER and TAPIS_QUEUE_PASSWORD must be set too; ' +
      'or set only BROKER_URL; with neither, the database carries the events',
  ],
  [
    'a login without a host',
    { TAPIS_QUEUE_USER: 'u', TAPIS_QUEUE_PASSWORD: 's3cret' },
    'TAPIS_QUEUE_USER, TAPIS_QUEUE_PASSWORD: TAPIS_QUEUE_HOST must be set too; or set only BROKER_URL; ' +
      'with neither, the database carries the events',
  ],
  [
    'a port alone',
    { TAPIS_QUEUE_PORT: '5672' },
    'TAPIS_QUEUE_PORT: TAPIS_QUEUE_HOST and TAPIS_QUEUE_USER and TAPIS_QUEUE_PASSWORD must be set too; ' +
      'or set only BROKER_URL; with neither, the database carries the events',
  ],
])('an incomplete set stops the start: %s', (_what, env, violation) => {
  expect(violationsOf(env)).toEqual([violation])
})

test('ours and theirs together are accepted when both say the same', () => {
  const url = 'postgres://tapis_ntf:s3cret@notifications-postgres-16/tapisntfdb?sslmode=require'
  expect(readConfig({ ...DATABASE, DATABASE_URL: url }).databaseUrl).toBe(url)
  expect(readConfig({ DATABASE_URL: url, TAPIS_DB_PASSWORD: 's3cret' }).databaseUrl).toBe(url)
  expect(
    readConfig({ ...QUEUE, BROKER_URL: 'amqp://notif:s3cret@Notifications-RabbitMQ/tidings' }).broker?.server,
  ).toMatchObject({ vhost: 'tidings', user: 'notif' })
})

test.each<[Env, string[]]>([
  [
    { DATABASE_URL: 'postgres://tapis_ntf:s3cret@other/tapisntfdb' },
    ['DATABASE_URL and TAPIS_DB_JDBC_URL: name different databases; set only one of them'],
  ],
  [
    { DATABASE_URL: 'postgres://tapis_ntf:s3cret@notifications-postgres-16:6000/tapisntfdb' },
    ['DATABASE_URL and TAPIS_DB_JDBC_URL: name different databases; set only one of them'],
  ],
  [
    { DATABASE_URL: 'postgres://me:s3cret2@notifications-postgres-16/tapisntfdb' },
    [
      'DATABASE_URL and TAPIS_DB_USER: name different users; set only one of them',
      'DATABASE_URL and TAPIS_DB_PASSWORD: have different passwords; set only one of them',
    ],
  ],
  [{ TAPIS_DB_JDBC_URL: `${JDBC}?user=other` }, ['TAPIS_DB_JDBC_URL and TAPIS_DB_USER: name different users']],
])('ours and theirs that differ stop the start, and both are named: %j', (env, violations) => {
  expect(violationsOf({ ...DATABASE, ...env })).toEqual(violations)
})

test.each<[Env, string[]]>([
  [{ BROKER_URL: 'amqp://notif:s3cret@other' }, ['TAPIS_QUEUE_HOST']],
  [{ BROKER_URL: 'amqp://notif:s3cret@notifications-rabbitmq:6000', TAPIS_QUEUE_PORT: '5672' }, ['TAPIS_QUEUE_PORT']],
  [{ BROKER_URL: 'amqp://me:s3cret2@notifications-rabbitmq' }, ['TAPIS_QUEUE_USER', 'TAPIS_QUEUE_PASSWORD']],
  [
    { BROKER_URL: 'amqp://notif:s3cret@notifications-rabbitmq', TAPIS_QUEUE_SSL_ENABLE: 'true' },
    ['TAPIS_QUEUE_SSL_ENABLE'],
  ],
])('the same for the broker: %j', (env, theirs) => {
  expect(violationsOf({ ...QUEUE, ...env }).map((violation) => violation.split(':')[0])).toEqual(
    theirs.map((name) => `BROKER_URL and ${name}`),
  )
})

test('the broker: TLS, port, an address', () => {
  expect(brokerOf({ TAPIS_QUEUE_SSL_ENABLE: 'true' })).toMatchObject({ usesTls: true, port: 5671 })
  expect(brokerOf({ TAPIS_QUEUE_SSL_ENABLE: 'false', TAPIS_QUEUE_PORT: '6000' })).toMatchObject({
    usesTls: false,
    port: 6000,
  })
  expect(brokerOf({ TAPIS_QUEUE_HOST: 'fd00::5' })).toMatchObject({ host: 'fd00::5', port: 5672 })
  expect(
    violationsOf({
      ...QUEUE,
      TAPIS_QUEUE_HOST: 'amqp://mq',
      TAPIS_QUEUE_PORT: '70000',
      TAPIS_QUEUE_SSL_ENABLE: 'yes',
    }).map((violation) => violation.split(':')[0]),
  ).toEqual(['TAPIS_QUEUE_HOST', 'TAPIS_QUEUE_PORT', 'TAPIS_QUEUE_SSL_ENABLE'])
})

test('names with dots, which Tapis programs read too, are understood; blank values count as absent', () => {
  expect(
    readConfig({
      'tapis.db.jdbc.url': JDBC,
      'tapis.db.user': 'tapis_ntf',
      TAPIS_DB_PASSWORD: 's3cret',
      'tapis.site.id': 'tacc',
    }),
  ).toMatchObject({
    databaseUrl: 'postgres://tapis_ntf:s3cret@notifications-postgres-16:5432/tapisntfdb',
    siteId: 'tacc',
  })
  expect(violationsOf({ ...DATABASE, 'tapis.db.user': 'other' })).toEqual([
    'TAPIS_DB_USER and tapis.db.user: differ; set only one of them',
  ])
  expect(readConfig(Object.fromEntries(Object.keys(DEPLOYED).map((name) => [name, ' '])))).toEqual(readConfig({}))
})

test('hosts that differ only in letter case are not a conflict', () => {
  expect(
    violationsOf({ ...DATABASE, DATABASE_URL: 'postgres://tapis_ntf:s3cret@Notifications-Postgres-16/tapisntfdb' }),
  ).toEqual([])
  expect(
    violationsOf({
      ...DATABASE,
      TAPIS_DB_JDBC_URL: JDBC.toUpperCase()
        .replace('JDBC:POSTGRESQL', 'jdbc:postgresql')
        .replace('TAPISNTFDB', 'tapisntfdb'),
      DATABASE_URL: 'postgres://tapis_ntf:s3cret@notifications-postgres-16/tapisntfdb',
    }),
  ).toEqual([])
  expect(
    violationsOf({ ...QUEUE, BROKER_URL: 'amqp://notif:s3cret@NOTIFICATIONS-rabbitmq/NotificationsHost' }),
  ).toEqual([])
})
