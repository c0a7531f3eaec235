import { checkNames } from './variable-names.ts'
import { translateBroker, translateDatabase, TRANSLATED_NAMES, IGNORED_NAMES } from './tapis-variables.ts'
import { withoutServiceLinks, type Environment } from './service-links.ts'

/** A line for the log of a start. */
export interface Notice {
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly fields: Readonly<Record<string, string>>
}

export interface PreparedEnvironment {
  /** As the schema reads it: nothing blank, nothing of others, in our names. */
  readonly env: Environment
  readonly violations: readonly string[]
  readonly notices: readonly Notice[]
}

/** Where a value comes from that was not given by its own name. */
const DATABASE_SOURCE = 'TAPIS_DB_JDBC_URL'
const BROKER_SOURCE = 'TAPIS_QUEUE_HOST'

/**
 * What an environment says to this service: service links of Kubernetes are passed over, the names of Tapis
 * Notifications and its deployer are translated into ours, names that are misspelt are found. `known`: the names of the
 * schema.
 */
export function prepareEnvironment(raw: NodeJS.ProcessEnv, known: readonly string[]): PreparedEnvironment {
  const readable = new Set([...known, ...Object.keys(TRANSLATED_NAMES), ...IGNORED_NAMES])
  const undotted = withoutDots(withoutBlanks(raw), readable)
  const { env, hidden } = withoutServiceLinks(undotted.env, readable)
  const names = checkNames(env, known)
  const database = translateDatabase(env, urlOf(env['DATABASE_URL']), env['DATABASE_URL'] !== undefined)
  const broker = translateBroker(env, urlOf(env['BROKER_URL']), env['BROKER_URL'] !== undefined)
  return {
    env: {
      ...env,
      ...(database.url !== undefined && { DATABASE_URL: database.url }),
      ...(broker.url !== undefined && { BROKER_URL: broker.url }),
    },
    violations: [...undotted.violations, ...names.violations, ...database.violations, ...broker.violations],
    notices: [
      ...namesNotice('warn', 'variables that this service does not know are not read', names.unknown),
      ...namesNotice('info', 'variables of Tapis Notifications that have no use here are not read', names.ignored),
      ...namesNotice(
        'warn',
        'variables ignored: a Kubernetes service of this name has set them; enableServiceLinks: false prevents that',
        hidden,
      ),
      ...namesNotice('warn', 'parameters of TAPIS_DB_JDBC_URL are not used', database.ignoredParameters ?? []),
      ...(env['PORT'] !== undefined && env['TAPIS_SERVICE_PORT'] === undefined
        ? namesNotice('info', 'PORT is not read; the port is TAPIS_SERVICE_PORT', ['PORT'])
        : []),
      ...(urlOf(env['DATABASE_URL'] ?? database.url)?.pathname === '/postgres'
        ? namesNotice(
            'warn',
            'the database is the one that PostgreSQL and its tools use for maintenance; ' +
              'a database of its own is better',
            ['postgres'],
          )
        : []),
      locationNotice(
        'database',
        env['DATABASE_URL'] ?? database.url,
        env['DATABASE_URL'] === undefined ? DATABASE_SOURCE : 'DATABASE_URL',
        'the embedded PostgreSQL in TIDINGS_DATA_DIR, because DATABASE_URL is not set',
      ),
      locationNotice(
        'broker',
        env['BROKER_URL'] ?? broker.url,
        env['BROKER_URL'] === undefined ? BROKER_SOURCE : 'BROKER_URL',
        'the database, because BROKER_URL is not set',
      ),
    ],
  }
}

/** A variable that is set to nothing counts as not set. */
const withoutBlanks = (env: NodeJS.ProcessEnv): Environment =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined || value.trim() === '' ? [] : [[name, value]])),
  )

/** Tapis programs read `tapis.db.user` too, before TAPIS_DB_USER. */
function withoutDots(
  env: Environment,
  readable: ReadonlySet<string>,
): { readonly env: Environment; readonly violations: readonly string[] } {
  const dotted = Object.keys(env).filter((name) => name.startsWith('tapis.') && readable.has(toEnvName(name)))
  const others = Object.entries(env).filter(([name]) => !dotted.includes(name))
  const violations = dotted
    .filter((name) => env[toEnvName(name)] !== undefined && env[toEnvName(name)] !== env[name])
    .map((name) => `${toEnvName(name)} and ${name}: differ; set only one of them`)
  return {
    env: {
      ...Object.fromEntries(dotted.map((name) => [toEnvName(name), env[name] ?? ''])),
      ...Object.fromEntries(others),
    },
    violations,
  }
}

const toEnvName = (name: string) => name.toUpperCase().replaceAll('.', '_')

const urlOf = (text: string | undefined): URL | undefined =>
  text !== undefined && URL.canParse(text) ? new URL(text) : undefined

const namesNotice = (level: Notice['level'], message: string, names: readonly string[]): Notice[] =>
  names.length === 0 ? [] : [{ level, message, fields: { names: names.join(', ') } }]

/** Without the password. A developer's shell may have variables of another installation. */
function locationNotice(
  what: 'database' | 'broker',
  address: string | undefined,
  from: string,
  otherwise: string,
): Notice {
  const message = `the ${what} is`
  if (address === undefined) return { level: 'info', message, fields: { [what]: otherwise } }
  const url = urlOf(address)
  const host = url?.searchParams.get('host') ?? url?.host ?? ''
  return {
    level: 'info',
    message,
    fields: {
      [what]: url
        ? `${url.username === '' ? '' : `${url.username}@`}${host}${url.pathname}`
        : 'an address that cannot be displayed',
      from,
    },
  }
}
