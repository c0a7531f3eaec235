import type { GuardedConnect } from './guarded-connect.ts'
import { createIdleConnections } from './idle-connections.ts'
import { createWebhookConnection, type WebhookConnection, type WebhookConnectionLimits } from './webhook-connection.ts'

export interface WebhookPoolLimits extends WebhookConnectionLimits {
  /** Idle connections in all; if there are more, the one idle for longest is closed. */
  readonly idleConnections: number
}

export interface WebhookConnections {
  /** Returns an idle connection to the origin, unless it must be fresh, or one that connects with its first request. */
  acquire(origin: string, kind: { readonly isOwn: boolean; readonly isFresh: boolean }): WebhookConnection
  /** Takes back a connection that works. */
  release(connection: WebhookConnection): void
  /** Closes a connection, whatever it is doing. */
  drop(connection: WebhookConnection): void
  /** Closes all of them; nothing is acquired afterwards. */
  close(): Promise<void>
}

/**
 * Creates the pool of connections to receivers, kept while they are idle (`WebhookConnectionLimits`). There are as many
 * as there are requests on the wire, plus the idle ones, whose number is bounded over all origins: a million hosts
 * leave nothing behind.
 */
export function createWebhookConnections({
  connect,
  limits,
}: {
  connect: GuardedConnect
  limits: WebhookPoolLimits
}): WebhookConnections {
  const idle = createIdleConnections(limits.idleConnections)
  /** Those that are being closed included. */
  const unclosed = new Set<WebhookConnection>()

  function open(key: string, origin: string, isOwn: boolean): WebhookConnection {
    const connection = createWebhookConnection({ key, origin, isOwn, connect, limits })
    connection.client.on('disconnect', () => {
      if (idle.has(connection)) drop(connection) // of one in use, its attempt hears
    })
    unclosed.add(connection)
    return connection
  }

  /** Of two `setImmediate`, one after the other, the second comes after a poll, wherever the event loop is now. */
  function notePoll(connection: WebhookConnection): void {
    connection.isPolled = false
    setImmediate(() =>
      setImmediate(() => {
        connection.isPolled = idle.has(connection)
      }),
    )
  }

  function drop(connection: WebhookConnection): void {
    idle.remove(connection)
    // Later, because undici may be calling this in the middle of its own work.
    queueMicrotask(() => void end(connection))
  }

  async function end(connection: WebhookConnection): Promise<void> {
    const destroyed = connection.client.destroy()
    connection.cancelConnect?.()
    await destroyed
    unclosed.delete(connection)
  }

  return {
    acquire(origin, { isOwn, isFresh }) {
      // Separate keys: a connection for an own callback may lead to an address that is forbidden to other requests.
      const key = isOwn ? `own ${origin}` : origin
      return (isFresh ? undefined : idle.take(key)) ?? open(key, origin, isOwn)
    },
    release(connection) {
      notePoll(connection)
      const isAlive = connection.socket?.destroyed === false && !connection.client.destroyed
      const surplus = isAlive ? idle.put(connection) : connection
      if (surplus) drop(surplus)
    },
    drop,
    async close() {
      for (const connection of unclosed) idle.remove(connection)
      await Promise.all([...unclosed].map(end))
    },
  }
}
