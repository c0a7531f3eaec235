import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '../../../log.ts'
import { createLogRateLimit } from '../../../runtime/log-rate-limit.ts'
import { createCidrMatcher, createPeers, peerKey } from './peers.ts'

export interface AdmissionOptions {
  /** Open at the same moment. */
  readonly maxConnections: number
  /**
   * CIDR blocks of proxies. They hold connections for many clients, so theirs are closed only when no other peer has an
   * idle one.
   */
  readonly trustedProxies: readonly string[]
  readonly log: Log
}

/** Decides which connection is closed when all are taken. */
export interface Admission {
  /**
   * Admits a new connection. When that is one too many, it closes a connection of the peer that holds most: the one
   * that has been idle longest. So a client that sends its request at once is always served, unless every connection
   * has a request in flight; then the new connection itself is closed.
   */
  admit(socket: Socket): void
  setIdle(socket: Duplex, isIdle: boolean): void
  forget(socket: Duplex): void
}

export function createAdmission({ maxConnections, trustedProxies, log }: AdmissionOptions): Admission {
  const clients = createPeers<Duplex>()
  const proxies = createPeers<Duplex>()
  const isProxy = createCidrMatcher(trustedProxies)
  const limit = createLogRateLimit()

  function forget(socket: Duplex): void {
    clients.remove(socket)
    proxies.remove(socket)
  }

  return {
    admit(socket) {
      const { remoteAddress = 'gone' } = socket
      if (isProxy(remoteAddress)) proxies.add(socket, peerKey(remoteAddress))
      else clients.add(socket, peerKey(remoteAddress))
      if (clients.size + proxies.size <= maxConnections) return
      const longestIdle = clients.longestIdle() ?? proxies.longestIdle() ?? socket
      forget(longestIdle)
      longestIdle.destroy()
      limit('', (suppressed) =>
        log.warn({ maxConnections, closed: suppressed + 1 }, 'all connections are in use, the idlest are closed'),
      )
    },
    setIdle(socket, isIdle) {
      clients.setIdle(socket, isIdle)
      proxies.setIdle(socket, isIdle)
    },
    forget,
  }
}
