import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** All addresses of a host, in the order to try them. Rejects when the name is unknown. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/**
 * Resolves by the operating system, so that /etc/hosts counts, one look-up per name at a time: each occupies one of libuv's
 * few threads, and a name whose server is dead must not occupy them all. Nothing is cached.
 */
export function createResolve(): Resolve {
  const running = new Map<string, Promise<readonly LookupAddress[]>>()

  return (hostname) => {
    const family = isIP(hostname)
    if (family !== 0) return Promise.resolve([{ address: hostname, family }])
    const joined = running.get(hostname)
    if (joined) return joined
    const started = lookup(hostname, { all: true }).finally(() => running.delete(hostname))
    running.set(hostname, started)
    return started
  }
}
