import { customCleanEnv, str, type CleanedEnv } from 'envalid'
import ipaddr from 'ipaddr.js'
import { brokerUrl, type BrokerServer } from './config-broker.ts'
import { prepareEnvironment, type Notice } from './config-environment.ts'
import { adminList, between, cidrList, flag, listenHost, postgresUrl, secondsList, serviceList, urlOf, type Admin } from './config-values.ts'

/** Thrown when the configuration is wrong; lists every fault. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** Unless set, and unless there are fewer in all. */
const SENDS_PER_ADDRESS = 128

/** Every variable that the service reads: type, default, limits, one sentence. `docs/config.md` is made from it. */
export const VARIABLES = {
  TAPIS_SERVICE_PORT: between(0, 65_535)({ default: 8080, desc: 'Port that the api listens on; 0 takes a free one.' }),
  HOST: listenHost({ default: undefined, desc: 'Address that the api listens on: 127.0.0.1 in development, where only a loopback address is taken, 0.0.0.0 otherwise.' }),
  TIDINGS_ROLE: str({ default: 'all', choices: ['all', 'api', 'dispatcher'] as const, desc: 'What this process does. Roles other than `all` need DATABASE_URL.' }),
  TIDINGS_DATA_DIR: str({ default: '.tidings', desc: 'Directory of the embedded PostgreSQL and the development keys.' }),
  DATABASE_URL: postgresUrl({ default: undefined, desc: 'A PostgreSQL >= 15, `postgres://user:password@host:5432/database`, by a direct connection (no transaction pooler). Unset: the embedded one.' }),
  BROKER_URL: brokerUrl({ default: undefined, desc: 'A RabbitMQ >= 3.10, `amqp://user:password@host:5672/vhost`, or `amqps://...` for TLS; `?heartbeat=` seconds (5). Unset: the database is the broker. Fixed when the database is first created; later only RabbitMQ may take the place of the database, when every event is dispatched.' }),
  BROKER_CA_FILE: str({ default: undefined, desc: 'PEM file of the authorities that may have signed the certificate of an `amqps` broker, instead of the usual ones. Refused without an `amqps` BROKER_URL.' }),
  TIDINGS_PARTITIONS: between(1, 1024)({ default: undefined, desc: 'Number of partitions, fixed when the database is first created (unless set 32 then, 8 with RabbitMQ).' }),
  TAPIS_SITE_ID: str({ default: 'dev', desc: 'The site that this service runs at.' }),
  TAPIS_TENANT_SVC_BASEURL: urlOf('http', 'https')({ default: undefined, desc: 'Base address of the Tenants service. Refused together with TENANTS_FILE.' }),
  TENANTS_FILE: str({ default: undefined, desc: 'JSON file `{"tenants": [...], "sites": [...]}` instead of the Tenants service; read again when changed. Refused together with TAPIS_TENANT_SVC_BASEURL.' }),
  TIDINGS_RETRY_DELAYS_S: secondsList({ default: [1, 5, 20, 60, 300, 600], desc: 'Seconds before the second, third ... attempt; the last repeats.' }),
  TIDINGS_RETRY_HORIZON_S: between(1, 2_592_000)({ default: 90_000, desc: 'Seconds after its creation at which a notification is given up, but not before the third attempt.' }),
  TIDINGS_ALLOW_ADDRESSES: cidrList({ default: undefined, desc: 'CIDR blocks, separated by commas, that webhooks may reach although they are private. Development: loopback.' }),
  TIDINGS_PUBLIC_URL: urlOf('http', 'https')({ default: undefined, desc: 'Base of the addresses that the service hands out. Unset: taken from the request.' }),
  TIDINGS_TRUSTED_PROXIES: cidrList({ default: undefined, desc: 'CIDR blocks, separated by commas, of proxies in front of the api. When all connections are taken, theirs are closed only after everybody else\'s.' }),
  TIDINGS_SENDS_IN_ALL: between(1, 4096)({ default: 1024, desc: 'Webhook requests on the wire at the same moment, in all.' }),
  TIDINGS_SENDS_PER_ADDRESS: between(1, 4096)({ default: undefined, desc: 'Webhook requests on the wire at the same moment, to one address; at most TIDINGS_SENDS_IN_ALL. Unset: 128, or all if they are fewer.' }),
  RETENTION_HOURS: between(1, 87_600)({ default: 72, desc: 'Hours that settled notifications are kept; events, and with them their uuids as seen, at least 24.' }),
  TAPIS_NTF_SUBSCR_REAPER_INTERVAL: between(1, 1440)({ default: 3, desc: 'Minutes between two searches for expired subscriptions.' }),
  TAPIS_SERVICE_PASSWORD: str({ default: undefined, desc: 'Password of the service `notifications` at the Tokens service. With it the Security Kernel is asked who is a tenant administrator. Refused together with TIDINGS_ADMINS.' }),
  TIDINGS_ADMINS: adminList({ default: undefined, desc: 'Tenant administrators, `tenant:user`, separated by commas, where no Security Kernel is asked. Refused together with TAPIS_SERVICE_PASSWORD.' }),
  TIDINGS_ALLOWED_SERVICES: serviceList({ default: undefined, desc: 'Services that may call, separated by commas, exactly as in their tokens, e.g. `jobs,apps`; any other service gets 401, users are not concerned. Unset: all.' }),
  TIDINGS_USERS_CHANGE_FILTERS: flag({ default: false, desc: 'Whether users and tenant administrators may change filters and targets of their subscriptions (PATCH), as in the original; by it a user reads all events of his tenant. Unset: only services.' }),
  TIDINGS_MAX_TARGETS: between(1, 10_000)({ default: 100, desc: 'Targets that a subscription may be created with, or changed to. Those that have more, imported ones too, stay as they are.' }),
  TAPIS_MAIL_PROVIDER: str({ default: 'LOG', choices: ['SMTP', 'LOG', 'NONE'] as const, desc: 'How e-mail goes out: by SMTP, not at all but into the log, or not at all.' }),
  TAPIS_SMTP_HOST: str({ default: undefined, desc: 'Mail server; needed with SMTP.' }),
  TAPIS_SMTP_PORT: between(1, 65_535)({ default: 25, desc: 'Port of the mail server.' }),
  TAPIS_SMTP_AUTH: flag({ default: false, desc: 'Whether to log in to the mail server. Needs TAPIS_SMTP_USER and TAPIS_SMTP_PASSWORD.' }),
  TAPIS_SMTP_USER: str({ default: undefined, desc: 'Name to log in with.' }),
  TAPIS_SMTP_PASSWORD: str({ default: undefined, desc: 'Password to log in with.' }),
  TAPIS_SMTP_FROM_NAME: str({ default: 'Tapis Notifications Service', desc: 'Name of the sender.' }),
  TAPIS_SMTP_FROM_ADDRESS: str({ default: 'no-reply@nowhere.com', desc: 'Address of the sender.' }),
  TIDINGS_SMTP_SECURITY: str({ default: undefined, choices: ['none', 'opportunistic', 'starttls', 'tls'] as const, desc: 'Encryption of the way to the mail server: never, STARTTLS where offered and working (unset, without a login), STARTTLS always (unset, with a login), TLS from the first byte.' }),
  TIDINGS_CANARY_INTERVAL_S: between(0, 3600)({ default: 60, desc: 'Seconds between two liveness events that the dispatcher sends to itself; 0: none.' }),
  LOG_LEVEL: str({ default: 'info', choices: ['debug', 'info', 'warn', 'error'] as const, desc: 'Least level that is logged.' }),
}

type Settings = CleanedEnv<typeof VARIABLES>

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
  readonly tenants: { readonly kind: 'development' } | { readonly kind: 'file'; readonly path: string } | { readonly kind: 'service'; readonly baseUrl: string }
  readonly retryDelaysMs: readonly number[]
  readonly retryHorizonMs: number
  readonly allowAddresses: readonly string[]
  readonly publicUrl: string | undefined
  readonly trustedProxies: readonly string[]
  readonly sendsInAll: number
  readonly sendsPerAddress: number
  readonly retentionHours: number
  readonly reaperIntervalMs: number
  readonly admins: { readonly kind: 'list'; readonly list: readonly Admin[] } | { readonly kind: 'security_kernel'; readonly password: string }
  /** Undefined: all may call. */
  readonly allowedServices: readonly string[] | undefined
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

export type MailConfig = { readonly provider: 'LOG' | 'NONE'; readonly from: MailSender } | { readonly provider: 'SMTP'; readonly from: MailSender; readonly server: MailServer }

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

/** Reads the environment. Throws a `ConfigError` that names every fault at once. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const wrong = new Map<string, string>()
  const given = prepareEnvironment(env, Object.keys(VARIABLES))
  const settings = customCleanEnv(given.env, VARIABLES, (cleaned: Settings) => cleaned, {
    reporter: ({ errors }: { errors: Readonly<Record<string, Error>> }) => {
      for (const [name, error] of Object.entries(errors)) wrong.set(name, error.message)
    },
  })
  const faults = [...given.faults, ...[...wrong].map(([name, message]) => `${name}: ${message}`)]
  for (const { uses, fault } of CONTRADICTIONS) {
    const found = uses.some((name) => wrong.has(name)) ? undefined : fault(settings)
    if (found !== undefined) faults.push(found)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(settings)
}

/** What a start says of the environment: where database and broker are taken from, and which variables are not read. No secrets. */
export const noticesOf = (env: NodeJS.ProcessEnv): readonly Notice[] => prepareEnvironment(env, Object.keys(VARIABLES)).notices

const isDevelopment = (settings: Settings) => settings.TENANTS_FILE === undefined && settings.TAPIS_TENANT_SVC_BASEURL === undefined

/** A rule over several variables. Not asked when one of them is wrong by itself. */
interface Contradiction {
  readonly uses: readonly (keyof Settings)[]
  readonly fault: (settings: Settings) => string | undefined
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    uses: ['TENANTS_FILE', 'TAPIS_TENANT_SVC_BASEURL'],
    fault: (settings) => settings.TENANTS_FILE !== undefined && settings.TAPIS_TENANT_SVC_BASEURL !== undefined
      ? 'TENANTS_FILE and TAPIS_TENANT_SVC_BASEURL: only one of them may be set' : undefined,
  },
  {
    uses: ['BROKER_URL', 'BROKER_CA_FILE'],
    fault: (settings) => settings.BROKER_CA_FILE !== undefined && settings.BROKER_URL?.usesTls !== true
      ? 'BROKER_CA_FILE: is of use only with BROKER_URL=amqps://...' : undefined,
  },
  {
    uses: ['TIDINGS_ROLE', 'DATABASE_URL'],
    fault: (settings) => settings.TIDINGS_ROLE !== 'all' && settings.DATABASE_URL === undefined
      ? `TIDINGS_ROLE: ${settings.TIDINGS_ROLE} needs DATABASE_URL; the embedded PostgreSQL serves one process` : undefined,
  },
  {
    uses: ['TIDINGS_SENDS_PER_ADDRESS', 'TIDINGS_SENDS_IN_ALL'],
    fault: (settings) => settings.TIDINGS_SENDS_PER_ADDRESS !== undefined && settings.TIDINGS_SENDS_PER_ADDRESS > settings.TIDINGS_SENDS_IN_ALL
      ? 'TIDINGS_SENDS_PER_ADDRESS: must not exceed TIDINGS_SENDS_IN_ALL' : undefined,
  },
  {
    uses: ['TIDINGS_ADMINS', 'TAPIS_SERVICE_PASSWORD'],
    fault: (settings) => settings.TIDINGS_ADMINS !== undefined && settings.TAPIS_SERVICE_PASSWORD !== undefined
      ? 'TIDINGS_ADMINS and TAPIS_SERVICE_PASSWORD: only one of them may be set' : undefined,
  },
  {
    uses: ['TAPIS_MAIL_PROVIDER', 'TAPIS_SMTP_HOST'],
    fault: (settings) => settings.TAPIS_MAIL_PROVIDER === 'SMTP' && settings.TAPIS_SMTP_HOST === undefined
      ? 'TAPIS_SMTP_HOST: must be set when TAPIS_MAIL_PROVIDER is SMTP' : undefined,
  },
  {
    uses: ['TAPIS_SMTP_AUTH', 'TAPIS_SMTP_USER', 'TAPIS_SMTP_PASSWORD'],
    fault: (settings) => settings.TAPIS_SMTP_AUTH && (settings.TAPIS_SMTP_USER === undefined || settings.TAPIS_SMTP_PASSWORD === undefined)
      ? 'TAPIS_SMTP_AUTH: needs TAPIS_SMTP_USER and TAPIS_SMTP_PASSWORD' : undefined,
  },
  {
    uses: ['HOST', 'TENANTS_FILE', 'TAPIS_TENANT_SVC_BASEURL'],
    fault: (settings) => isDevelopment(settings) && settings.HOST !== undefined && !isLoopback(settings.HOST)
      ? 'HOST: with development keys only a loopback address is allowed; set TENANTS_FILE or TAPIS_TENANT_SVC_BASEURL to listen elsewhere' : undefined,
  },
]

const isLoopback = (host: string) => host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')

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
    sendsInAll: settings.TIDINGS_SENDS_IN_ALL,
    sendsPerAddress: settings.TIDINGS_SENDS_PER_ADDRESS ?? Math.min(SENDS_PER_ADDRESS, settings.TIDINGS_SENDS_IN_ALL),
    retentionHours: settings.RETENTION_HOURS,
    reaperIntervalMs: settings.TAPIS_NTF_SUBSCR_REAPER_INTERVAL * 60_000,
    admins: settings.TAPIS_SERVICE_PASSWORD === undefined ? { kind: 'list', list: settings.TIDINGS_ADMINS ?? [] } : { kind: 'security_kernel', password: settings.TAPIS_SERVICE_PASSWORD },
    allowedServices: settings.TIDINGS_ALLOWED_SERVICES,
    subscriptions: { usersChangeFilters: settings.TIDINGS_USERS_CHANGE_FILTERS, maxTargets: settings.TIDINGS_MAX_TARGETS },
    mail: mailOf(settings),
    canaryIntervalMs: settings.TIDINGS_CANARY_INTERVAL_S * 1000,
    logLevel: settings.LOG_LEVEL,
  }
}

function mailOf(settings: Settings): MailConfig {
  const from = { name: settings.TAPIS_SMTP_FROM_NAME, address: settings.TAPIS_SMTP_FROM_ADDRESS }
  const { TAPIS_MAIL_PROVIDER: provider, TAPIS_SMTP_HOST: host = '', TAPIS_SMTP_PORT: port, TAPIS_SMTP_USER: user = '', TAPIS_SMTP_PASSWORD: password = '' } = settings
  if (provider !== 'SMTP') return { provider, from }
  const login = settings.TAPIS_SMTP_AUTH ? { user, password } : undefined
  return { provider, from, server: { host, port, security: settings.TIDINGS_SMTP_SECURITY ?? (login ? 'starttls' : 'opportunistic'), login } }
}

function tenantsSource(settings: Settings): Config['tenants'] {
  if (settings.TENANTS_FILE !== undefined) return { kind: 'file', path: settings.TENANTS_FILE }
  if (settings.TAPIS_TENANT_SVC_BASEURL !== undefined) return { kind: 'service', baseUrl: settings.TAPIS_TENANT_SVC_BASEURL }
  return { kind: 'development' }
}
