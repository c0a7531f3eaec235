import ipaddr from 'ipaddr.js'
import { isDevelopment, type Settings } from './variables.ts'

/** A rule over several variables. Skipped when one of them is wrong by itself. */
export interface Contradiction {
  readonly uses: readonly (keyof Settings)[]
  readonly violation: (settings: Settings) => string | undefined
}

export const CONTRADICTIONS: readonly Contradiction[] = [
  {
    uses: ['TENANTS_FILE', 'TAPIS_TENANT_SVC_BASEURL'],
    violation: (settings) =>
      settings.TENANTS_FILE !== undefined && settings.TAPIS_TENANT_SVC_BASEURL !== undefined
        ? 'TENANTS_FILE and TAPIS_TENANT_SVC_BASEURL: only one of them may be set'
        : undefined,
  },
  {
    uses: ['BROKER_URL', 'BROKER_CA_FILE'],
    violation: (settings) =>
      settings.BROKER_CA_FILE !== undefined && settings.BROKER_URL?.usesTls !== true
        ? 'BROKER_CA_FILE: may be set only with BROKER_URL=amqps://...'
        : undefined,
  },
  {
    uses: ['TIDINGS_ROLE', 'DATABASE_URL'],
    violation: (settings) =>
      settings.TIDINGS_ROLE !== 'all' && settings.DATABASE_URL === undefined
        ? `TIDINGS_ROLE: ${settings.TIDINGS_ROLE} needs DATABASE_URL; the embedded PostgreSQL serves one process`
        : undefined,
  },
  {
    uses: ['TIDINGS_SENDS_PER_ADDRESS', 'TIDINGS_SENDS_IN_ALL'],
    violation: (settings) =>
      settings.TIDINGS_SENDS_PER_ADDRESS !== undefined &&
      settings.TIDINGS_SENDS_PER_ADDRESS > settings.TIDINGS_SENDS_IN_ALL
        ? 'TIDINGS_SENDS_PER_ADDRESS: must not exceed TIDINGS_SENDS_IN_ALL'
        : undefined,
  },
  {
    uses: ['TIDINGS_ADMINS', 'TAPIS_SERVICE_PASSWORD'],
    violation: (settings) =>
      settings.TIDINGS_ADMINS !== undefined && settings.TAPIS_SERVICE_PASSWORD !== undefined
        ? 'TIDINGS_ADMINS and TAPIS_SERVICE_PASSWORD: only one of them may be set'
        : undefined,
  },
  {
    uses: ['TAPIS_MAIL_PROVIDER', 'TAPIS_SMTP_HOST'],
    violation: (settings) =>
      settings.TAPIS_MAIL_PROVIDER === 'SMTP' && settings.TAPIS_SMTP_HOST === undefined
        ? 'TAPIS_SMTP_HOST: must be set when TAPIS_MAIL_PROVIDER is SMTP'
        : undefined,
  },
  {
    uses: ['TAPIS_SMTP_AUTH', 'TAPIS_SMTP_USER', 'TAPIS_SMTP_PASSWORD'],
    violation: (settings) =>
      settings.TAPIS_SMTP_AUTH && (settings.TAPIS_SMTP_USER === undefined || settings.TAPIS_SMTP_PASSWORD === undefined)
        ? 'TAPIS_SMTP_AUTH: needs TAPIS_SMTP_USER and TAPIS_SMTP_PASSWORD'
        : undefined,
  },
  {
    uses: ['HOST', 'TENANTS_FILE', 'TAPIS_TENANT_SVC_BASEURL'],
    violation: (settings) =>
      isDevelopment(settings) && settings.HOST !== undefined && !isLoopback(settings.HOST)
        ? 'HOST: with development keys only a loopback address is allowed; ' +
          'set TENANTS_FILE or TAPIS_TENANT_SVC_BASEURL to listen elsewhere'
        : undefined,
  },
]

const isLoopback = (host: string) =>
  host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')
