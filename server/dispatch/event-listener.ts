import { once } from 'node:events'
import type pg from 'pg'
import { openClient } from '../db/pg-client.ts'
import { EVENT_CHANNEL } from '../db/event-channel.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'

export interface EventListenerDeps {
  readonly url: () => string
  /** Records may have been published, here or while the connection was away. */
  readonly onHint: () => void
  readonly log: Log
}

/**
 * Listens for records that other processes publish. A hint only: dispatch polls as well. Needs a direct connection, not
 * a transaction pooler.
 */
export function createEventListener({ url, onHint, log }: EventListenerDeps): Worker {
  async function tick(signal: AbortSignal, markHealthy: () => void): Promise<number> {
    const client = await openClient(url(), { name: 'tidings listen' })
    try {
      await listenUntilLost(client, signal, markHealthy)
    } finally {
      await client.end().catch(() => undefined)
    }
    return 500
  }

  async function listenUntilLost(connection: pg.Client, signal: AbortSignal, markHealthy: () => void): Promise<void> {
    connection.on('notification', onHint)
    const lost = once(connection, 'end', { signal })
    lost.catch(() => undefined)
    await connection.query(`listen ${EVENT_CHANNEL}`)
    markHealthy()
    onHint()
    await lost
  }

  return createLoop({ name: 'listen', log, tick })
}
