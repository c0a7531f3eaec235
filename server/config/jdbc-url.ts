/** The database that a JDBC address names, and the login and TLS settings that it may carry. */
export interface JdbcDatabase {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string | undefined
  readonly password: string | undefined
  /** In the words of libpq: `sslmode`, `sslrootcert`. */
  readonly tls: ReadonlyMap<string, string>
  /** Names of parameters that are of the Java driver, or that the service decides itself. */
  readonly ignoredParameters: readonly string[]
}

export type JdbcParseResult =
  | { readonly kind: 'database'; readonly database: JdbcDatabase }
  | { readonly kind: 'invalid'; readonly violation: string }

const FORM = 'must be jdbc:postgresql://host:port/database'
const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
/** Of the Java driver alone: how it checks certificates, and keys in a form that only Java reads. */
const JAVA_TLS = ['sslfactory', 'sslcert', 'sslkey', 'sslpassword', 'sslhostnameverifier', 'sslpasswordcallback']

/**
 * Reads `jdbc:postgresql://host:port/database?name=value`, with the defaults of the Java driver: localhost, 5432.
 * Without `//` only a database. (pgJDBC, "Connecting to the Database".) No error shows the value: it may hold a
 * password.
 */
export function readJdbcUrl(text: string): JdbcParseResult {
  const [, rest] = /^jdbc:postgresql:(.*)$/is.exec(text.trim()) ?? []
  if (rest === undefined) return violation(FORM)
  const at = rest.indexOf('?')
  const parameters = new URLSearchParams(at < 0 ? '' : rest.slice(at + 1))
  const [, hosts = '', path = ''] = /^(?:\/\/([^/]*)(?:\/|$)|\/?)(.*)$/s.exec(at < 0 ? rest : rest.slice(0, at)) ?? []
  if (hosts.includes(',')) return violation('names several hosts; give one name that always leads to the primary')
  const hostAndPort = hostAndPortOf(hosts)
  const database = decoded(path.replaceAll('+', ' ')) // as the driver does
  if (!hostAndPort || database === undefined) return violation(FORM)
  if (database === '') return violation('does not name a database: jdbc:postgresql://host:port/database')
  const tls = tlsOf(parameters)
  if (typeof tls === 'string') return violation(tls)
  return {
    kind: 'database',
    database: {
      ...hostAndPort,
      database,
      user: valueOf(parameters, 'user'),
      password: valueOf(parameters, 'password'),
      tls,
      ignoredParameters: ignoredParametersOf(parameters),
    },
  }
}

const violation = (text: string): JdbcParseResult => ({ kind: 'invalid', violation: text })

function hostAndPortOf(hosts: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:\s@[\]]*)(?::(\d+))?$/i.exec(hosts) ?? []
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined
  return { host: host === '' ? 'localhost' : host.toLowerCase(), port: Number(port ?? 5432) }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    // a percent sign that begins no escape
    return undefined
  }
}

function valueOf(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name) ?? ''
  return value.trim() === '' ? undefined : value
}

/** A sentence when a parameter asks for what cannot be kept. `ssl` alone means that the certificate is checked. */
function tlsOf(parameters: URLSearchParams): ReadonlyMap<string, string> | string {
  const foreign = JAVA_TLS.filter((name) => valueOf(parameters, name) !== undefined)
  if (foreign.length > 0)
    return `has ${foreign.join(', ')}, which only Java understands; set DATABASE_URL, with sslmode and sslrootcert`
  const mode =
    valueOf(parameters, 'sslmode') ??
    (parameters.has('ssl') && parameters.get('ssl') !== 'false' ? 'verify-full' : undefined)
  if (mode !== undefined && !TLS_MODES.includes(mode))
    return `has an unknown sslmode; use one of ${TLS_MODES.join(', ')}`
  const rootCertificate = valueOf(parameters, 'sslrootcert')
  return new Map([
    ...(mode === undefined ? [] : [['sslmode', mode] as const]),
    ...(rootCertificate === undefined ? [] : [['sslrootcert', rootCertificate] as const]),
  ])
}

function ignoredParametersOf(parameters: URLSearchParams): readonly string[] {
  const used = new Set(['user', 'password', 'ssl', 'sslmode', 'sslrootcert'])
  return [...new Set(parameters.keys())].filter((name) => !used.has(name))
}
