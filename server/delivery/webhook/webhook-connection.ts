import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { GuardedConnect } from './guarded-connect.ts'
import type { ResponseReader } from './response-reader.ts'

/** At most one open connection to an origin, for one request at a time. */
export interface WebhookConnection {
  readonly key: string
  readonly client: Client
  /** The socket opened last; undefined before the first. */
  socket: Socket | undefined
  /** Called whenever bytes have come in, before they are parsed. */
  onBytes: (() => void) | undefined
  /** What the bytes pass through on their way to the parser. */
  reader: ResponseReader | undefined
  cancelConnect: (() => void) | undefined
  /**
   * The event loop has polled its sockets since the last response. That reveals a receiver that has closed the
   * connection with it; writing to it would waste the attempt. One that closes it later is seen at the poll after.
   */
  isPolled: boolean
}

export interface WebhookConnectionLimits {
  /** An idle connection is closed after this: before the 5 s of a Node.js receiver. */
  readonly idleMs: number
  /** Limit for the head of a response, with the heads of the interim responses before it. */
  readonly headBytes: number
}

/** A connection whose receiver announces its idle time is closed this long before that. */
const IDLE_MARGIN_MS = 1000

interface WebhookConnectionDeps {
  readonly key: string
  readonly origin: string
  readonly isOwn: boolean
  readonly connect: GuardedConnect
  readonly limits: WebhookConnectionLimits
}

/** Creates a connection that connects with its first request. */
export function createWebhookConnection({
  key,
  origin,
  isOwn,
  connect,
  limits,
}: WebhookConnectionDeps): WebhookConnection {
  const client = new Client(origin, {
    pipelining: 1,
    maxHeaderSize: limits.headBytes,
    headersTimeout: 0, // this and the next: the attempt has a deadline for the whole response
    bodyTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    keepAliveMaxTimeout: limits.idleMs,
    keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
    connect({ hostname, port, protocol }, callback) {
      const isSecure = protocol === 'https:'
      connection.cancelConnect = connect(
        { hostname, port: Number(port || (isSecure ? 443 : 80)), isSecure, isOwn },
        (error, socket) => {
          connection.cancelConnect = undefined
          connection.socket = socket?.on('readable', () => connection.onBytes?.())
          if (socket) readThrough(socket, () => connection.reader)
          if (socket) callback(null, socket)
          else callback(error ?? new Error('no socket'), null)
        },
      )
    },
  })
  const connection: WebhookConnection = {
    key,
    client,
    socket: undefined,
    onBytes: undefined,
    reader: undefined,
    cancelConnect: undefined,
    isPolled: false,
  }
  return connection
}

/**
 * Puts a reader between this socket and undici 7.30, which is the only caller of `read()`
 * (lib/dispatcher/client-h1.js, readMore).
 */
function readThrough(socket: Socket, reader: () => ResponseReader | undefined): void {
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
