import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Admission } from './admission.ts'

/** A request that has begun, and its response. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Knows which connections have a request in flight. */
export interface ConnectionTracker {
  /** Returns the latest request of a connection, finished or not. Earlier ones are responded to before it. */
  latest(socket: Duplex): Exchange | undefined
  /** Closes idle connections, and from now on every other as soon as it becomes idle. */
  closeWhenIdle(): void
}

/**
 * Tracks the connections of a server. Node's own `closeIdleConnections` counts a connection that never sent anything as
 * busy, which would delay every graceful shutdown by the whole limit.
 */
export function trackConnections(server: Server, admission: Admission): ConnectionTracker {
  const inFlight = new Map<Duplex, Set<Exchange>>()
  const latest = new WeakMap<Duplex, Exchange>()
  let isClosing = false

  function settle(socket: Duplex, exchange: Exchange): void {
    // A client that went away in the middle of a request: its socket was closed and removed before the response.
    const exchanges = inFlight.get(socket)
    exchanges?.delete(exchange)
    if (isClosing && exchanges?.size === 0) socket.end(() => socket.destroy()) // what arrives now is not served
  }

  server.on('connection', (socket: Socket) => {
    // Node removes its own listener when it hands a connection over (CONNECT); a later reset needs one.
    socket.on('error', () => undefined)
    inFlight.set(socket, new Set())
    socket.once('close', () => {
      inFlight.delete(socket)
      admission.forget(socket)
    })
    admission.admit(socket)
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const exchange = { request, response }
    const exchanges = inFlight.get(socket)
    exchanges?.add(exchange)
    latest.set(socket, exchange)
    admission.setIdle(socket, false)
    // From here on nothing more is sent: a client that does not read its response must not keep its place.
    response.once('prefinish', () =>
      admission.setIdle(
        socket,
        [...(exchanges ?? [])].every((one) => one.response.writableEnded),
      ),
    )
    response.once('close', () => settle(socket, exchange))
  })

  return {
    latest: (socket) => latest.get(socket),
    closeWhenIdle() {
      isClosing = true
      for (const [socket, exchanges] of inFlight) if (exchanges.size === 0) socket.destroy()
    },
  }
}
