import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '../log.ts'
import { createMembership, createPeers, peerName } from './peers.ts'

/** One line says how many it were since the last one. */
const LOG_EVERY_MS = 60_000

export interface AdmissionParts {
  /** Open at the same moment. */
  readonly maxConnections: number
  /** CIDR blocks of proxies: what they hold they hold for many, so theirs are closed only when nobody else has an idle one. */
  readonly trustedProxies: readonly string[]
  readonly log: Log
  /** Monotonic milliseconds. */
  readonly clock?: () => number
}

/** Decides who stays when the connections are all taken. */
export interface Admission {
  /**
   * Lets a new connection in. When that is one too many, the one that has carried no request for longest, of the peer that
   * holds most, is closed: it has asked nothing, or was answered. So whoever sends a request at once is always served, unless
   * every connection carries one; then the new one itself is closed.
   */
  admit(socket: Socket): void
  setIdle(socket: Duplex, isIdle: boolean): void
  leave(socket: Duplex): void
}

export function createAdmission({ maxConnections, trustedProxies, log, clock = () => performance.now() }: AdmissionParts): Admission {
  const strangers = createPeers<Duplex>()
  const proxies = createPeers<Duplex>()
  const isProxy = createMembership(trustedProxies)
  let closed = 0
  let loggedAt = -Infinity

  function leave(socket: Duplex): void {
    strangers.remove(socket)
    proxies.remove(socket)
  }

  function report(): void {
    closed += 1
    if (clock() - loggedAt < LOG_EVERY_MS) return
    log.warn({ maxConnections, closed }, 'all connections are taken, the idlest are closed')
    loggedAt = clock()
    closed = 0
  }

  return {
    admit(socket) {
      const { remoteAddress = 'gone' } = socket
      if (isProxy(remoteAddress)) proxies.add(socket, peerName(remoteAddress))
      else strangers.add(socket, peerName(remoteAddress))
      if (strangers.size + proxies.size <= maxConnections) return
      const idlest = strangers.idlest() ?? proxies.idlest() ?? socket
      leave(idlest)
      idlest.destroy()
      report()
    },
    setIdle(socket, isIdle) {
      strangers.setIdle(socket, isIdle)
      proxies.setIdle(socket, isIdle)
    },
    leave,
  }
}
