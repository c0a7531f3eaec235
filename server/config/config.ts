import { customCleanEnv } from 'envalid'
import type { BrokerServer } from './broker-url.ts'
import { CONTRADICTIONS } from './contradictions.ts'
import { prepareEnvironment, type Notice } from './environment.ts'
import type { PublishQuotas } from './publish-quotas.ts'
import type { Admin } from './validators.ts'
import { isDevelopment, VARIABLES, type Settings } from './variables.ts'

/** Unless set, and unless there are fewer in all. */
const DEFAULT_MAX_SENDS_PER_ADDRESS = 128

/** Thrown when the configuration is wrong; lists every violation. */
export class ConfigError extends Error {
  constructor(violations: readonly string[]) {
    super(
      `The configuration has ${violations.length} error(s):\n` +
        violations.map((violation) => `  - ${violation}`).join('\n'),
    )
    this.name = 'ConfigError'
  }
}

export interface Config {
  readonly port: number
  readonly host: string
  readonly role: 'all' | 'api' | 'dispatcher'
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** Undefined: the database. */
  readonly broker: BrokerConfig | undefined
  readonly partitions: number | undefined
  readonly siteId: string
  readonly tenants:
    | { readonly kind: 'development' }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'service'; readonly baseUrl: string }
  readonly retryDelaysMs: readonly number[]
  readonly retryHorizonMs: number
  readonly allowAddresses: readonly string[]
  readonly publicUrl: string | undefined
  readonly trustedProxies: readonly string[]
  readonly maxSends: number
  readonly maxSendsPerAddress: number
  readonly retentionHours: number
  readonly reaperIntervalMs: number
  readonly admins:
    | { readonly kind: 'list'; readonly list: readonly Admin[] }
    | { readonly kind: 'security_kernel'; readonly password: string }
  /** Undefined: all may call. */
  readonly allowedServices: readonly string[] | undefined
  /** Undefined: nobody has one. */
  readonly publishQuotas: PublishQuotas | undefined
  readonly subscriptions: SubscriptionRules
  readonly mail: MailConfig
  /** 0: none. */
  readonly canaryIntervalMs: number
  readonly logLevel: string
}

export interface BrokerConfig {
  readonly server: BrokerServer
  readonly caFile: string | undefined
}

/** What a site decides about subscriptions. */
export interface SubscriptionRules {
  /** Not only services change filters and targets. */
  readonly usersChangeFilters: boolean
  /** Of one, when it is created or changed. */
  readonly maxTargets: number
}

export type MailConfig =
  | { readonly provider: 'LOG' | 'NONE'; readonly from: MailSender }
  | { readonly provider: 'SMTP'; readonly from: MailSender; readonly server: MailServer }

export interface MailSender {
  readonly name: string
  readonly address: string
}

export interface MailServer {
  readonly host: string
  readonly port: number
  readonly security: 'none' | 'opportunistic' | 'starttls' | 'tls'
  readonly login: { readonly user: string; readonly password: string } | undefined
}

/** Reads the environment. Throws a `ConfigError` that names every violation at once. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const wrong = new Map<string, string>()
  const given = prepareEnvironment(env, Object.keys(VARIABLES))
  const settings = customCleanEnv(given.env, VARIABLES, (cleaned: Settings) => cleaned, {
    reporter: ({ errors }: { errors: Readonly<Record<string, Error>> }) => {
      for (const [name, error] of Object.entries(errors)) wrong.set(name, error.message)
    },
  })
  const violations = [...given.violations, ...[...wrong].map(([name, message]) => `${name}: ${message}`)]
  for (const { uses, violation } of CONTRADICTIONS) {
    const found = uses.some((name) => wrong.has(name)) ? undefined : violation(settings)
    if (found !== undefined) violations.push(found)
  }
  if (violations.length > 0) throw new ConfigError(violations)
  return toConfig(settings)
}

/**
 * What a start says of the environment: where database and broker are taken from, and which variables are not read. No
 * secrets.
 */
export const startupNotices = (env: NodeJS.ProcessEnv): readonly Notice[] =>
  prepareEnvironment(env, Object.keys(VARIABLES)).notices

function toConfig(settings: Settings): Config {
  const isDev = isDevelopment(settings)
  return {
    port: settings.TAPIS_SERVICE_PORT,
    host: settings.HOST ?? (isDev ? '127.0.0.1' : '0.0.0.0'),
    role: settings.TIDINGS_ROLE,
    dataDir: settings.TIDINGS_DATA_DIR,
    databaseUrl: settings.DATABASE_URL,
    broker: settings.BROKER_URL && { server: settings.BROKER_URL, caFile: settings.BROKER_CA_FILE },
    partitions: settings.TIDINGS_PARTITIONS,
    siteId: settings.TAPIS_SITE_ID,
    tenants: tenantsSource(settings),
    retryDelaysMs: settings.TIDINGS_RETRY_DELAYS_S.map((seconds) => seconds * 1000),
    retryHorizonMs: settings.TIDINGS_RETRY_HORIZON_S * 1000,
    allowAddresses: settings.TIDINGS_ALLOW_ADDRESSES ?? (isDev ? ['127.0.0.0/8', '::1/128'] : []),
    publicUrl: settings.TIDINGS_PUBLIC_URL?.replace(/\/+$/, ''),
    trustedProxies: settings.TIDINGS_TRUSTED_PROXIES ?? [],
    maxSends: settings.TIDINGS_SENDS_IN_ALL,
    maxSendsPerAddress:
      settings.TIDINGS_SENDS_PER_ADDRESS ?? Math.min(DEFAULT_MAX_SENDS_PER_ADDRESS, settings.TIDINGS_SENDS_IN_ALL),
    retentionHours: settings.RETENTION_HOURS,
    reaperIntervalMs: settings.TAPIS_NTF_SUBSCR_REAPER_INTERVAL * 60_000,
    admins:
      settings.TAPIS_SERVICE_PASSWORD === undefined
        ? { kind: 'list', list: settings.TIDINGS_ADMINS ?? [] }
        : { kind: 'security_kernel', password: settings.TAPIS_SERVICE_PASSWORD },
    allowedServices: settings.TIDINGS_ALLOWED_SERVICES,
    publishQuotas: settings.TIDINGS_PUBLISH_QUOTA,
    subscriptions: {
      usersChangeFilters: settings.TIDINGS_USERS_CHANGE_FILTERS,
      maxTargets: settings.TIDINGS_MAX_TARGETS,
    },
    mail: mailOf(settings),
    canaryIntervalMs: settings.TIDINGS_CANARY_INTERVAL_S * 1000,
    logLevel: settings.LOG_LEVEL,
  }
}

function mailOf(settings: Settings): MailConfig {
  const from = { name: settings.TAPIS_SMTP_FROM_NAME, address: settings.TAPIS_SMTP_FROM_ADDRESS }
  const {
    TAPIS_MAIL_PROVIDER: provider,
    TAPIS_SMTP_HOST: host = '',
    TAPIS_SMTP_PORT: port,
    TAPIS_SMTP_USER: user = '',
    TAPIS_SMTP_PASSWORD: password = '',
  } = settings
  if (provider !== 'SMTP') return { provider, from }
  const login = settings.TAPIS_SMTP_AUTH ? { user, password } : undefined
  return {
    provider,
    from,
    server: { host, port, security: settings.TIDINGS_SMTP_SECURITY ?? (login ? 'starttls' : 'opportunistic'), login },
  }
}

function tenantsSource(settings: Settings): Config['tenants'] {
  if (settings.TENANTS_FILE !== undefined) return { kind: 'file', path: settings.TENANTS_FILE }
  if (settings.TAPIS_TENANT_SVC_BASEURL !== undefined)
    return { kind: 'service', baseUrl: settings.TAPIS_TENANT_SVC_BASEURL }
  return { kind: 'development' }
}
