import ipaddr from 'ipaddr.js'

/**
 * Connections by peer, and since when each has been idle. Every operation takes the same time, however many there are.
 */
export interface Peers<Connection> {
  /** A new connection is idle. */
  add(connection: Connection, peer: string): void
  setIdle(connection: Connection, isIdle: boolean): void
  remove(connection: Connection): void
  /** Returns the connection that has been idle longest, of the peer that holds most among those with idle ones. */
  longestIdle(): Connection | undefined
  readonly size: number
}

interface Peer<Connection> {
  readonly name: string
  count: number
  /** In the order in which they became idle. */
  readonly idle: Set<Connection>
}

export function createPeers<Connection>(): Peers<Connection> {
  const peers = new Map<string, Peer<Connection>>()
  const peerOf = new Map<Connection, Peer<Connection>>()
  /**
   * Peers with idle connections, by how many they hold. Distinct counts add up, so of 8,192 connections there are at
   * most 128 of them.
   */
  const byCount = new Map<number, Set<Peer<Connection>>>()

  /** `change` may move the peer to another count, or remove its last idle connection. */
  function update(peer: Peer<Connection>, change: () => void): void {
    const others = byCount.get(peer.count)
    if (others?.delete(peer) && others.size === 0) byCount.delete(peer.count)
    change()
    if (peer.count === 0) peers.delete(peer.name)
    if (peer.idle.size === 0) return
    const same = byCount.get(peer.count)
    if (same) same.add(peer)
    else byCount.set(peer.count, new Set([peer]))
  }

  return {
    add(connection, name) {
      const peer = peers.get(name) ?? { name, count: 0, idle: new Set() }
      peers.set(name, peer)
      peerOf.set(connection, peer)
      update(peer, () => {
        peer.count += 1
        peer.idle.add(connection)
      })
    },
    setIdle(connection, isIdle) {
      const peer = peerOf.get(connection)
      if (peer) update(peer, () => (isIdle ? peer.idle.add(connection) : peer.idle.delete(connection)))
    },
    remove(connection) {
      const peer = peerOf.get(connection)
      if (!peer) return
      peerOf.delete(connection)
      update(peer, () => {
        peer.count -= 1
        peer.idle.delete(connection)
      })
    },
    longestIdle() {
      const [peer] = byCount.get(Math.max(...byCount.keys())) ?? []
      return peer?.idle.values().next().value
    },
    get size() {
      return peerOf.size
    },
  }
}

/**
 * Returns the peer that an address counts for: itself, or with IPv6 its /64 network, which is what one customer gets
 * (RFC 6177).
 */
export function peerKey(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : parsed.toString()
}

/** Whether an address is in one of these CIDR blocks; also for IPv4 addresses in IPv6 notation. */
export function createCidrMatcher(blocks: readonly string[]): (address: string) => boolean {
  const parsed = blocks.map((block) => ipaddr.parseCIDR(block))
  return (text) => {
    if (parsed.length === 0 || !ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    return parsed.some((block) => block[0].kind() === address.kind() && address.match(block))
  }
}
