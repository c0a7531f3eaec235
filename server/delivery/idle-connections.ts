import type { Connection } from './connections.ts'

export interface IdleConnections {
  /** The one of this key that has been idle for the shortest time, out of here. */
  take(key: string): Connection | undefined
  /** Answers with the one idle for longest over all keys, out of here, when there are too many now. */
  put(connection: Connection): Connection | undefined
  has(connection: Connection): boolean
  remove(connection: Connection): void
}

/** Remembers idle connections, at most `most` of them over all keys. */
export function createIdleConnections(most: number): IdleConnections {
  const all = new Set<Connection>() // a set keeps its order: the one idle for longest comes first
  const byKey = new Map<string, Connection[]>()

  function remove(connection: Connection): void {
    if (!all.delete(connection)) return
    const rest = (byKey.get(connection.key) ?? []).filter((other) => other !== connection)
    if (rest.length > 0) byKey.set(connection.key, rest)
    else byKey.delete(connection.key)
  }

  return {
    take(key) {
      const connection = byKey.get(key)?.at(-1)
      if (connection) remove(connection)
      return connection
    },
    put(connection) {
      all.add(connection)
      byKey.set(connection.key, [...(byKey.get(connection.key) ?? []), connection])
      const [oldest] = all
      if (!oldest || all.size <= most) return undefined
      remove(oldest)
      return oldest
    },
    has: (connection) => all.has(connection),
    remove,
  }
}
