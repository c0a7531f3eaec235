import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { Log } from '../../log.ts'
import { within } from '../../runtime/within.ts'
import { isLocalhost } from '../../runtime/localhost.ts'
import { createLookupPool } from './lookup-pool.ts'
import { LookupError } from './pending-lookup.ts'

/** Returns all addresses of a host, in the order to try them. Rejects if the name is unknown. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** Resolves names, with the help of processes. */
export interface NameResolver {
  readonly resolve: Resolve
  /** Ends the processes. Look-ups reject, later ones too. */
  close(): void
}

export interface NameResolverOptions {
  readonly log: Log
  /** Names that callers wait for at the same time, at most. */
  readonly maxNames: number
  /** Callers give up after this. */
  readonly timeoutMs: number
  /** Replaces the look-up by the operating system in processes of their own. */
  readonly lookUp?: Resolve
}

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]
/** How long to wait for the operating system's addresses of a name that is loopback anyway. */
const LOCALHOST_TIMEOUT_MS = 2000
/** In characters, as written; names in DNS are shorter (RFC 1035 2.3.4). */
const MAX_NAME_LENGTH = 254

/**
 * Resolves names as every other program on the machine does: by getaddrinfo, with all that it knows (hosts file, search
 * domains, name service switch). It runs in processes of its own, so that names with dead servers, however many, cause
 * no head-of-line blocking (decision 0012). Nothing is cached. No process starts before the first name.
 */
export function createNameResolver({ log, maxNames, timeoutMs, lookUp: given }: NameResolverOptions): NameResolver {
  const pool = createLookupPool({ maxNames, timeoutMs, log })
  const lookUp = given ?? pool.lookUp

  return {
    resolve(hostname) {
      const family = isIP(hostname)
      if (family !== 0) return Promise.resolve([{ address: hostname, family }])
      // The C library would stop at a NUL, and look up another name.
      if (hostname === '' || hostname.length > MAX_NAME_LENGTH || hostname.includes('\0'))
        return Promise.reject(new LookupError('ENOTFOUND'))
      return isLocalhost(hostname) ? orLoopback(lookUp(hostname)) : lookUp(hostname)
    },
    close: pool.close,
  }
}

/**
 * Falls back to loopback. Systems know `localhost` from the hosts file, but not all know the names below it; those ask
 * DNS, which should not know them either (RFC 6761 6.3).
 */
async function orLoopback(known: Promise<readonly LookupAddress[]>): Promise<readonly LookupAddress[]> {
  const isKnown = await within(LOCALHOST_TIMEOUT_MS, known).catch(() => false)
  return isKnown ? known : LOOPBACK
}
