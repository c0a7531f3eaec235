import { str } from 'envalid'
import { between, cidrList, listenHost, urlOf } from '../validators.ts'

export const PROCESS_VARIABLES = {
  TAPIS_SERVICE_PORT: between(0, 65_535)({ default: 8080, desc: 'Port that the api listens on; 0 picks a free one.' }),
  HOST: listenHost({
    default: undefined,
    desc:
      'Address that the api listens on. Unset: 127.0.0.1 in development, where only a loopback address is allowed, ' +
      '0.0.0.0 otherwise.',
  }),
  TIDINGS_ROLE: str({
    default: 'all',
    choices: ['all', 'api', 'dispatcher'] as const,
    desc: 'What this process does. Roles other than `all` need DATABASE_URL.',
  }),
  TIDINGS_DATA_DIR: str({
    default: '.tidings',
    desc: 'Directory of the embedded PostgreSQL and the development keys.',
  }),
  TIDINGS_PUBLIC_URL: urlOf(
    'http',
    'https',
  )({ default: undefined, desc: 'Base of the addresses that the service hands out. Unset: taken from the request.' }),
  TIDINGS_TRUSTED_PROXIES: cidrList({
    default: undefined,
    desc:
      'CIDR blocks, separated by commas, of proxies in front of the api. When all connections are in use, theirs are ' +
      "closed only after everybody else's.",
  }),
  LOG_LEVEL: str({
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'] as const,
    desc: 'Lowest level that is logged.',
  }),
}
