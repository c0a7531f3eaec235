/** A set of environment variables; what is blank is not in it. */
export type Environment = Readonly<Record<string, string>>

export interface WithoutServiceLinks {
  readonly env: Environment
  /** Of ours, with a value that a link has put there: not taken. */
  readonly hidden: readonly string[]
}

/**
 * `tcp://10.0.0.7:5432`: the address of a service, which nobody writes into a variable of ours that ends with _PORT.
 */
const ADDRESS = /^(?:tcp|udp|sctp):\/\/.+:(\d+)$/
const PORTS = /^(.+?)_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/
const SERVICE = /^(.+)_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/
const OUR_PORT = 'TAPIS_SERVICE_PORT'

/**
 * Drops what Kubernetes (and formerly Docker's links) put into a container's environment for each service of the
 * namespace:
 *
 * | service `NAME` | variables |
 * |---|---|
 * | of each | `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT`, `NAME_SERVICE_PORT_<PORT>`, `NAME_PORT=tcp://...` |
 * | of each port | `NAME_PORT_80_TCP=tcp://...`, with `_PROTO`, `_PORT`, `_ADDR` |
 *
 * A service `tapis-smtp` would set TAPIS_SMTP_PORT, one named `tapis` TAPIS_SERVICE_PORT: the latter is taken for the
 * link's when it says the same as TAPIS_PORT, the address beside it. (Kubernetes: Accessing the Service, environment
 * variables.)
 */
export function withoutServiceLinks(env: Environment, ours: ReadonlySet<string>): WithoutServiceLinks {
  const linked = new Set(Object.keys(env).filter((name) => isLink(name, env)))
  const kept = Object.entries(env).filter(([name]) => !linked.has(name))
  return { env: Object.fromEntries(kept), hidden: [...linked].filter((name) => ours.has(name)) }
}

function isLink(name: string, env: Environment): boolean {
  if (name === OUR_PORT) return isAddress(env[name]) || env[name] === ADDRESS.exec(env['TAPIS_PORT'] ?? '')?.[1]
  const [, ofPorts] = PORTS.exec(name) ?? []
  if (ofPorts !== undefined && isAddress(env[`${ofPorts}_PORT`])) return true
  const [, ofService] = SERVICE.exec(name) ?? []
  return ofService !== undefined && env[`${ofService}_SERVICE_HOST`] !== undefined
}

const isAddress = (value: string | undefined) => value !== undefined && ADDRESS.test(value)
