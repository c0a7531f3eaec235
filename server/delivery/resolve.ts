import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { Log } from '../log.ts'
import { within } from '../runtime/deadline.ts'
import { isLocalhost } from '../runtime/localhost.ts'
import { createHelperPool } from './names/helper-pool.ts'
import { NameError } from './names/look-up.ts'

/** All addresses of a host, in the order to try them. Rejects when the name is unknown. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** Names, and the processes that look them up. */
export interface Names {
  readonly resolve: Resolve
  /** Ends them. */
  close(): void
}

export interface NamesParts {
  readonly log: Log
  /** Names that are waited for at the same moment, at most. */
  readonly mostNames: number
  /** Nobody waits for a name for longer. */
  readonly patienceMs: number
  /** What is asked, unless it is the operating system, in helper processes. */
  readonly look?: Resolve
}

const LOOPBACK: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]
/** For what the operating system says of a name that is loopback anyhow. */
const LOCALHOST_MS = 2000
/** In the form that is written; names in DNS are shorter (RFC 1035 2.3.4). */
const LONGEST_NAME = 254

/**
 * A name means here what it means to every program of the machine: getaddrinfo is asked, with all that it knows (hosts file,
 * search domains, name service switch), in processes of their own, so that names whose servers are dead, however many, keep
 * nobody else waiting (decision 0012). Nothing is cached. No process is started before the first name.
 */
export function createNames({ log, mostNames, patienceMs, look: given }: NamesParts): Names {
  const pool = createHelperPool({ mostNames, patienceMs, log })
  const look = given ?? pool.look

  return {
    resolve(hostname) {
      const family = isIP(hostname)
      if (family !== 0) return Promise.resolve([{ address: hostname, family }])
      // The C library would stop at a NUL and look another name up.
      if (hostname === '' || hostname.length > LONGEST_NAME || hostname.includes('\0')) return Promise.reject(new NameError('ENOTFOUND'))
      return isLocalhost(hostname) ? orLoopback(look(hostname)) : look(hostname)
    },
    close: pool.close,
  }
}

/** Systems know `localhost` from the hosts file; not all know the names below it, and then ask DNS, which should not, either. */
async function orLoopback(known: Promise<readonly LookupAddress[]>): Promise<readonly LookupAddress[]> {
  const isKnown = await within(LOCALHOST_MS, known).catch(() => false)
  return isKnown ? known : LOOPBACK
}
