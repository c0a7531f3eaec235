import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '../log.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import { createMembership, createPeers, peerName } from './peers.ts'

export interface AdmissionParts {
  /** Open at the same moment. */
  readonly maxConnections: number
  /** CIDR blocks of proxies: what they hold they hold for many, so theirs are closed only when nobody else has an idle one. */
  readonly trustedProxies: readonly string[]
  readonly log: Log
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

export function createAdmission({ maxConnections, trustedProxies, log }: AdmissionParts): Admission {
  const strangers = createPeers<Duplex>()
  const proxies = createPeers<Duplex>()
  const isProxy = createMembership(trustedProxies)
  const limit = createLogLimit()

  function leave(socket: Duplex): void {
    strangers.remove(socket)
    proxies.remove(socket)
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
      limit('', (suppressed) => log.warn({ maxConnections, closed: suppressed + 1 }, 'all connections are taken, the idlest are closed'))
    },
    setIdle(socket, isIdle) {
      strangers.setIdle(socket, isIdle)
      proxies.setIdle(socket, isIdle)
    },
    leave,
  }
}
