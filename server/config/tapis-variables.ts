import { isIPv6 } from 'node:net'
import { required } from '../runtime/required.ts'
import { readJdbcUrl, type JdbcDatabase } from './jdbc-url.ts'
import type { Environment } from './service-links.ts'

/** Names of Tapis Notifications 1.6.2 and its deployer that are translated, and what becomes of them. */
export const TRANSLATED_NAMES = {
  TAPIS_DB_JDBC_URL:
    'host, port and database of `DATABASE_URL`: `jdbc:postgresql://host:port/database`, with `sslmode`, `ssl`, ' +
    '`sslrootcert`, `user` and `password` if it has them',
  TAPIS_DB_USER: 'user of `DATABASE_URL`',
  TAPIS_DB_PASSWORD: 'password of `DATABASE_URL`',
  TAPIS_QUEUE_HOST: 'host of `BROKER_URL`; the virtual host is `NotificationsHost`, as in the original',
  TAPIS_QUEUE_PORT: 'port of `BROKER_URL`; 5672 unless set, 5671 with TLS',
  TAPIS_QUEUE_SSL_ENABLE: '`true`: TLS, `amqps://`',
  TAPIS_QUEUE_USER: 'user of `BROKER_URL`',
  TAPIS_QUEUE_PASSWORD: 'password of `BROKER_URL`',
} as const

/** Names of the same programs that have no use here: what they set is decided otherwise, or there is no such thing. */
export const IGNORED_NAMES: readonly string[] = [
  'TAPIS_INSTANCE_NAME',
  'TAPIS_SERVICE_PROPERTIES_PATHNAME',
  'TAPIS_DB_CONNECTION_POOL_SIZE',
  'TAPIS_DB_METER_MINUTES',
  'TAPIS_QUEUE_ADMIN_USER',
  'TAPIS_QUEUE_ADMIN_PASSWORD',
  'TAPIS_QUEUE_ADMIN_PORT',
  'TAPIS_QUEUE_AUTO_RECOVERY',
  'TAPIS_NTF_DELIVERY_THREAD_POOL_SIZE',
  'TAPIS_NTF_DELIVERY_ATTEMPTS',
  'TAPIS_NTF_DELIVERY_RETRY_INTERVAL',
  'TAPIS_NTF_DELIVERY_RCVRY_ATTEMPTS',
  'TAPIS_NTF_DELIVERY_RCVRY_RETRY_INTERVAL',
  'TAPIS_LOCAL_TEST',
  'TAPIS_SUPPORT_NAME',
  'TAPIS_SUPPORT_EMAIL',
  'TAPIS_LOG_DIRECTORY',
  'TAPIS_LOG_FILE',
]

/** The virtual host that Tapis Notifications makes (1.6.2, MessageBroker). */
const VHOST = 'NotificationsHost'

export interface Translation {
  readonly url: string | undefined
  readonly violations: readonly string[]
  /** Parameters of the JDBC address that are not used. */
  readonly ignoredParameters?: readonly string[]
}

const NO_TRANSLATION: Translation = { url: undefined, violations: [] }

/**
 * The database that TAPIS_DB_* name. `databaseUrl`: DATABASE_URL, if it is set and right; then they must name the same.
 */
export function translateDatabase(env: Environment, databaseUrl: URL | undefined, isSet: boolean): Translation {
  const { TAPIS_DB_JDBC_URL: address, TAPIS_DB_USER: user, TAPIS_DB_PASSWORD: password } = env
  if (address === undefined && user === undefined && password === undefined) return NO_TRANSLATION
  const read = address === undefined ? undefined : readJdbcUrl(address)
  if (read?.kind === 'invalid') return { url: undefined, violations: [`TAPIS_DB_JDBC_URL: ${read.violation}`] }
  const jdbc = read?.database
  const violations = loginConflicts(jdbc, { user, password })
  const login = { user: user ?? jdbc?.user, password: password ?? jdbc?.password }
  if (isSet)
    return {
      url: undefined,
      violations: [...violations, ...(databaseUrl ? databaseConflicts(databaseUrl, jdbc, { user, password }) : [])],
    }
  const missing = [
    ...(jdbc ? [] : ['TAPIS_DB_JDBC_URL']),
    ...(login.user === undefined ? ['TAPIS_DB_USER'] : []),
    ...(login.password === undefined ? ['TAPIS_DB_PASSWORD'] : []),
  ]
  if (missing.length > 0)
    violations.push(
      incompleteText(
        ['TAPIS_DB_JDBC_URL', 'TAPIS_DB_USER', 'TAPIS_DB_PASSWORD'].filter((name) => env[name] !== undefined),
        missing,
        'DATABASE_URL',
      ),
    )
  if (jdbc && /[?#]/.test(jdbc.database))
    violations.push('TAPIS_DB_JDBC_URL: names a database with ? or # in its name; set DATABASE_URL')
  if (!jdbc || violations.length > 0) return { url: undefined, violations }
  const query =
    jdbc.tls.size === 0
      ? ''
      : `?${[...jdbc.tls].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
  const place = `${jdbc.host}:${jdbc.port}/${encodeURI(jdbc.database)}${query}`
  const url = `postgres://${encoded(login.user)}:${encoded(login.password)}@${place}`
  return { url, violations, ignoredParameters: jdbc.ignoredParameters }
}

interface Login {
  readonly user: string | undefined
  readonly password: string | undefined
}

const encoded = (text: string | undefined) => encodeURIComponent(required(text, 'a login that was checked before'))

const incompleteText = (set: readonly string[], missing: readonly string[], ours: string) =>
  `${set.join(', ')}: ${missing.join(' and ')} must be set too; or set only ${ours}`

/** The address may have a login of its own. */
function loginConflicts(jdbc: JdbcDatabase | undefined, { user, password }: Login): string[] {
  const differs = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other
  return [
    ...(differs(jdbc?.user, user) ? ['TAPIS_DB_JDBC_URL and TAPIS_DB_USER: name different users'] : []),
    ...(differs(jdbc?.password, password) ? ['TAPIS_DB_JDBC_URL and TAPIS_DB_PASSWORD: have different passwords'] : []),
  ]
}

function databaseConflicts(ours: URL, jdbc: JdbcDatabase | undefined, { user, password }: Login): string[] {
  const place = `${ours.hostname.toLowerCase()}:${ours.port || '5432'}${decoded(ours.pathname)}`
  return [
    ...(jdbc && place !== `${jdbc.host}:${jdbc.port}/${jdbc.database}`
      ? [conflict('DATABASE_URL', 'TAPIS_DB_JDBC_URL', 'name different databases')]
      : []),
    ...(user !== undefined && decoded(ours.username) !== user
      ? [conflict('DATABASE_URL', 'TAPIS_DB_USER', 'name different users')]
      : []),
    ...(password !== undefined && decoded(ours.password) !== password
      ? [conflict('DATABASE_URL', 'TAPIS_DB_PASSWORD', 'have different passwords')]
      : []),
  ]
}

const conflict = (ours: string, theirs: string, how: string) => `${ours} and ${theirs}: ${how}; set only one of them`

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // not an escape: as it is
    return part
  }
}

/**
 * The broker that TAPIS_QUEUE_* name. `brokerUrl`: BROKER_URL, if it is set and right; then they must name the same.
 */
export function translateBroker(env: Environment, brokerUrl: URL | undefined, isSet: boolean): Translation {
  const {
    TAPIS_QUEUE_HOST: host,
    TAPIS_QUEUE_PORT: port,
    TAPIS_QUEUE_SSL_ENABLE: tls,
    TAPIS_QUEUE_USER: user,
    TAPIS_QUEUE_PASSWORD: password,
  } = env
  const set = [
    'TAPIS_QUEUE_HOST',
    'TAPIS_QUEUE_PORT',
    'TAPIS_QUEUE_SSL_ENABLE',
    'TAPIS_QUEUE_USER',
    'TAPIS_QUEUE_PASSWORD',
  ].filter((name) => env[name] !== undefined)
  if (set.length === 0) return NO_TRANSLATION
  const violations = brokerViolations(host, port, tls)
  const scheme = tls?.trim().toLowerCase() === 'true' ? 'amqps' : 'amqp'
  const hostInUrl = host !== undefined && isIPv6(host) ? `[${host}]` : (host?.toLowerCase() ?? '')
  const place = `${hostInUrl}:${port ?? (scheme === 'amqps' ? '5671' : '5672')}`
  if (isSet)
    return {
      url: undefined,
      violations: [...violations, ...(brokerUrl ? brokerConflicts(brokerUrl, env, { scheme, place }) : [])],
    }
  const missing = ['TAPIS_QUEUE_HOST', 'TAPIS_QUEUE_USER', 'TAPIS_QUEUE_PASSWORD'].filter(
    (name) => env[name] === undefined,
  )
  if (missing.length > 0)
    violations.push(`${incompleteText(set, missing, 'BROKER_URL')}; with neither, the database carries the events`)
  if (violations.length > 0) return { url: undefined, violations }
  return { url: `${scheme}://${encoded(user)}:${encoded(password)}@${place}/${VHOST}`, violations }
}

function brokerViolations(host: string | undefined, port: string | undefined, tls: string | undefined): string[] {
  const isPort = port === undefined || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)
  return [
    ...(host === undefined || isIPv6(host) || /^[\w.-]+$/.test(host)
      ? []
      : ['TAPIS_QUEUE_HOST: must be only the name or the address of a host']),
    ...(isPort ? [] : ['TAPIS_QUEUE_PORT: must be a whole number from 1 to 65535']),
    ...(tls === undefined || /^\s*(true|false)\s*$/i.test(tls)
      ? []
      : ['TAPIS_QUEUE_SSL_ENABLE: must be true or false']),
  ]
}

function brokerConflicts(
  ours: URL,
  env: Environment,
  theirs: { readonly scheme: string; readonly place: string },
): string[] {
  const isTls = ours.protocol === 'amqps:'
  const place = `${ours.hostname.toLowerCase()}:${ours.port || (isTls ? '5671' : '5672')}`
  const {
    TAPIS_QUEUE_HOST: host,
    TAPIS_QUEUE_PORT: port,
    TAPIS_QUEUE_SSL_ENABLE: tls,
    TAPIS_QUEUE_USER: user,
    TAPIS_QUEUE_PASSWORD: password,
  } = env
  const isSamePort = port === undefined ? true : place.endsWith(`:${port}`)
  const isSameHost =
    host === undefined ||
    place.slice(0, place.lastIndexOf(':')) === theirs.place.slice(0, theirs.place.lastIndexOf(':'))
  return [
    ...(isSameHost ? [] : [conflict('BROKER_URL', 'TAPIS_QUEUE_HOST', 'name different hosts')]),
    ...(isSamePort ? [] : [conflict('BROKER_URL', 'TAPIS_QUEUE_PORT', 'name different ports')]),
    ...(tls === undefined || isTls === (theirs.scheme === 'amqps')
      ? []
      : [conflict('BROKER_URL', 'TAPIS_QUEUE_SSL_ENABLE', 'differ on TLS')]),
    ...(user !== undefined && decoded(ours.username) !== user
      ? [conflict('BROKER_URL', 'TAPIS_QUEUE_USER', 'name different users')]
      : []),
    ...(password !== undefined && decoded(ours.password) !== password
      ? [conflict('BROKER_URL', 'TAPIS_QUEUE_PASSWORD', 'have different passwords')]
      : []),
  ]
}
