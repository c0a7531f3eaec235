import { makeValidator } from 'envalid'

const HEARTBEAT_S = 5
const PORTS: Readonly<Record<string, number>> = { 'amqp:': 5672, 'amqps:': 5671 }

/** Where a RabbitMQ is and how to log in. Never logged. */
export interface BrokerServer {
  readonly host: string
  readonly port: number
  readonly vhost: string
  readonly user: string
  readonly password: string
  readonly heartbeatS: number
  readonly usesTls: boolean
}

/**
 * `amqp://user:password@host:port/vhost?heartbeat=5` (RabbitMQ URI specification). No error repeats the value: it has a
 * password.
 */
export const brokerUrl = makeValidator<BrokerServer>((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const defaultPort = PORTS[url?.protocol ?? '']
  if (!url || defaultPort === undefined || url.hostname === '')
    throw new Error('must be an address with the scheme amqp or amqps')
  const [vhost, ...deeper] = url.pathname.slice(1).split('/')
  if (deeper.length > 0)
    throw new Error('must have one virtual host after the address, with %2F for each slash in its name')
  const unknown = [...url.searchParams.keys()].filter((name) => name !== 'heartbeat')
  if (unknown.length > 0 || url.hash !== '') throw new Error('must have no parameter but heartbeat')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort : Number(url.port),
    vhost: vhost === undefined || vhost === '' ? '/' : decoded(vhost),
    // RabbitMQ's own default user, who may log in from the same machine only.
    user: url.username === '' ? 'guest' : decoded(url.username),
    password: url.username === '' ? 'guest' : decoded(url.password),
    heartbeatS: heartbeatOf(url.searchParams.get('heartbeat')),
    usesTls: url.protocol === 'amqps:',
  }
})

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new Error('must have %-escapes that are UTF-8', { cause })
  }
}

function heartbeatOf(text: string | null): number {
  if (text === null) return HEARTBEAT_S
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isInteger(seconds) || seconds < 1 || seconds > 60)
    throw new Error('must have a heartbeat from 1 to 60 seconds')
  return seconds
}
