import type { WebhookConnection } from './webhook-connection.ts'

export interface IdleConnections {
  /** Removes and returns the connection of this key that was used most recently: receivers close old ones first. */
  take(key: string): WebhookConnection | undefined
  /**
   * Adds a connection that is not in it. If there are too many now, removes the one idle for longest over all keys and
   * returns it, for the caller to close.
   */
  put(connection: WebhookConnection): WebhookConnection | undefined
  has(connection: WebhookConnection): boolean
  remove(connection: WebhookConnection): void
}

/** Keeps idle connections, at most `maxIdle` of them over all keys. */
export function createIdleConnections(maxIdle: number): IdleConnections {
  const all = new Set<WebhookConnection>() // a set keeps its order: the one idle for longest comes first
  /** In the order in which they became idle. */
  const byKey = new Map<string, WebhookConnection[]>()

  function remove(connection: WebhookConnection): void {
    const ofKey = byKey.get(connection.key)
    if (!all.delete(connection) || !ofKey) return
    ofKey.splice(ofKey.lastIndexOf(connection), 1)
    if (ofKey.length === 0) byKey.delete(connection.key)
  }

  return {
    take(key) {
      const connection = byKey.get(key)?.at(-1)
      if (connection) remove(connection)
      return connection
    },
    put(connection) {
      all.add(connection)
      const ofKey = byKey.get(connection.key)
      if (ofKey) ofKey.push(connection)
      else byKey.set(connection.key, [connection])
      const [oldest] = all
      if (!oldest || all.size <= maxIdle) return undefined
      remove(oldest)
      return oldest
    },
    has: (connection) => all.has(connection),
    remove,
  }
}
