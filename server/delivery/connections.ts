import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { AnswerReader } from './answer-reader.ts'
import type { GuardedConnect } from './guarded-connect.ts'
import { createIdleConnections } from './idle-connections.ts'

/** One connection at most, for one request at a time. */
export interface Connection {
  readonly key: string
  readonly client: Client
  /** The last one opened; undefined before. */
  socket: Socket | undefined
  /** Told whenever bytes have come in, before they are parsed. */
  onBytes: (() => void) | undefined
  /** What they go through on their way to the parser. */
  reader: AnswerReader | undefined
  cancelConnect: (() => void) | undefined
}

export interface ConnectionLimits {
  /** An idle connection goes after this: before the 5 s of a Node receiver. */
  readonly idleMs: number
  /** Idle connections in all; the one idle for longest goes when there are more. */
  readonly idleConnections: number
  /** The head of an answer, and those of the interim answers before it. */
  readonly headBytes: number
}

export interface Connections {
  /** An idle connection to the origin unless it must be fresh, or one that will connect with its first request. */
  take(origin: string, kind: { readonly isOwn: boolean; readonly isFresh: boolean }): Connection
  /** A connection that works, to be taken again. */
  giveBack(connection: Connection): void
  /** Ends it, whatever it is doing. */
  drop(connection: Connection): void
  /** Ends all of them. */
  close(): Promise<void>
}

/** A receiver that announces its own idle time is left this much before. */
const IDLE_MARGIN_MS = 1000

/**
 * Connections to receivers, kept for a moment when idle. There are as many as there are requests on the wire, plus the
 * idle ones, whose number is bounded over all origins: a million hosts leave nothing behind.
 */
export function createConnections({ connect, limits }: { connect: GuardedConnect; limits: ConnectionLimits }): Connections {
  const idle = createIdleConnections(limits.idleConnections)
  const all = new Set<Connection>()

  function open(key: string, origin: string, isOwn: boolean): Connection {
    const connection = createConnection({ key, origin, isOwn, connect, limits })
    connection.client.on('disconnect', () => {
      if (idle.has(connection)) drop(connection)
    })
    all.add(connection)
    return connection
  }

  function drop(connection: Connection): void {
    idle.remove(connection)
    // Later, for this may be called by undici in the middle of its own work.
    queueMicrotask(() => void end(connection))
  }

  async function end(connection: Connection): Promise<void> {
    const destroyed = connection.client.destroy()
    connection.cancelConnect?.()
    await destroyed
    all.delete(connection)
  }

  return {
    take(origin, { isOwn, isFresh }) {
      // Kept apart: a connection opened for an own callback leads where other requests may not go.
      const key = isOwn ? `own ${origin}` : origin
      return (isFresh ? undefined : idle.take(key)) ?? open(key, origin, isOwn)
    },
    giveBack(connection) {
      const isAlive = connection.socket?.destroyed === false && !connection.client.destroyed
      const surplus = isAlive ? idle.put(connection) : connection
      if (surplus) drop(surplus)
    },
    drop,
    async close() {
      for (const connection of all) idle.remove(connection)
      await Promise.all([...all].map(end))
    },
  }
}

interface ConnectionParts {
  readonly key: string
  readonly origin: string
  readonly isOwn: boolean
  readonly connect: GuardedConnect
  readonly limits: ConnectionLimits
}

function createConnection({ key, origin, isOwn, connect, limits }: ConnectionParts): Connection {
  const client = new Client(origin, {
    pipelining: 1,
    maxHeaderSize: limits.headBytes,
    headersTimeout: 0, // both: the deadline of the attempt is over the whole answer
    bodyTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    keepAliveMaxTimeout: limits.idleMs,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    connect({ hostname, port, protocol }, callback) {
      const isSecure = protocol === 'https:'
      connection.cancelConnect = connect({ hostname, port: Number(port || (isSecure ? 443 : 80)), isSecure, isOwn }, (error, socket) => {
        connection.cancelConnect = undefined
        connection.socket = socket?.on('readable', () => connection.onBytes?.())
        if (socket) readThrough(socket, () => connection.reader)
        if (socket) callback(null, socket)
        else callback(error ?? new Error('no socket'), null)
      })
    },
  })
  const connection: Connection = { key, client, socket: undefined, onBytes: undefined, reader: undefined, cancelConnect: undefined }
  return connection
}

/**
 * Puts a reader in front of whoever reads this socket. undici 7.30 (lib/dispatcher/client-h1.js, readMore) takes what came in
 * with `read()`, and nothing else does.
 */
function readThrough(socket: Socket, reader: () => AnswerReader | undefined): void {
  const read = socket.read.bind(socket)
  socket.read = (size) => {
    for (;;) {
      const chunk: unknown = read(size)
      const current = reader()
      if (!current || !Buffer.isBuffer(chunk)) return chunk
      const taken = current.take(chunk)
      if (taken.length > 0) return taken
    }
  }
}
