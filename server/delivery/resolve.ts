import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { errorCode } from '../runtime/error-code.ts'
import { createHostsFile, type HostsFile } from './hosts-file.ts'

/** All addresses of a host, in the order to try them. Rejects when the name is unknown. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** ms of the first try, and how many. A server that says nothing costs 2 + 4 s. */
const ASKING = { timeout: 2000, tries: 2 }
/** The servers are read from the system's settings again when that was longer ago. */
const SETTINGS_FRESH_MS = 10_000
/** DNS does not know the name, or there is no DNS: the system may know more. A server that is silent or fails is no reason to ask again. */
const ASK_SYSTEM = new Set<string | undefined>(['ENOTFOUND', 'ECONNREFUSED'])
/** Names that wait for the system. More are refused, or hostile ones would fill the memory. */
const MAX_WAITING = 200
const LOOPBACK: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]

export interface ResolveParts {
  readonly hosts?: HostsFile
  /** `address:port` of DNS servers that are asked instead of the system's. */
  readonly servers?: readonly string[]
  /** What the operating system knows. Each call occupies one of libuv's few threads, which the database's names need too. */
  readonly system?: Resolve
}

/**
 * Resolves a name by the hosts file, then by DNS, over sockets of our own: names whose servers are dead, however many, keep
 * nobody else waiting (decision 0011). What DNS does not know is asked of the operating system (search domains, mDNS), one
 * name at a time. Those who ask for a name at the same moment share a look-up; nothing is cached.
 */
export function createResolve({ hosts = createHostsFile(), servers, system = (hostname) => lookup(hostname, { all: true }) }: ResolveParts = {}): Resolve {
  const running = new Map<string, Promise<readonly LookupAddress[]>>()
  const askDns = createDns(servers)
  const askSystem = oneAtATime(system)

  async function find(hostname: string): Promise<readonly LookupAddress[]> {
    const name = hostname.replace(/\.$/, '').toLowerCase()
    const known = await hosts.find(name)
    if (known.length > 0) return known
    if (name === 'localhost') return LOOPBACK // RFC 6761 6.3: never asked of others
    return askDns(hostname).catch((error: unknown) => {
      if (ASK_SYSTEM.has(errorCode(error))) return askSystem(hostname)
      throw error
    })
  }

  return (hostname) => {
    const family = isIP(hostname)
    if (family !== 0) return Promise.resolve([{ address: hostname, family }])
    const joined = running.get(hostname)
    if (joined) return joined
    const started = find(hostname).finally(() => running.delete(hostname))
    running.set(hostname, started)
    return started
  }
}

function createDns(servers: readonly string[] | undefined): Resolve {
  const open = () => {
    const resolver = new Resolver(ASKING)
    if (servers) resolver.setServers(servers)
    return { resolver, openedAt: performance.now() }
  }
  let current = open()

  return async (hostname) => {
    if (performance.now() - current.openedAt > SETTINGS_FRESH_MS) current = open()
    const asked = current.resolver
    const [four, six] = await Promise.allSettled([asked.resolve4(hostname), asked.resolve6(hostname)])
    const addresses = [
      ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
    ]
    if (addresses.length === 0) throw four.status === 'rejected' ? four.reason : new Error(`${hostname} has no address`)
    return addresses
  }
}

function oneAtATime(resolve: Resolve): Resolve {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return (hostname) => {
    if (waiting >= MAX_WAITING) return Promise.reject(new Error('too many names wait for the operating system'))
    waiting += 1
    const mine = last.then(() => resolve(hostname)).finally(() => {
      waiting -= 1
    })
    last = mine.catch(() => undefined)
    return mine
  }
}
