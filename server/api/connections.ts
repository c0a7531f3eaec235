import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Admission } from './admission.ts'

/** A request that was begun, and its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Which connections have a request in flight. */
export interface Connections {
  /** The request that came last on a connection, over or not. Those before it are answered before it. */
  latest(socket: Duplex): Exchange | undefined
  /** Closes what is idle, now and from now on as soon as it becomes idle. */
  closeWhenIdle(): void
}

/**
 * Follows a server's connections. Node's own `closeIdleConnections` counts a connection that never sent anything as
 * busy, which would hold up every stop by the whole limit.
 */
export function trackConnections(server: Server, admission: Admission): Connections {
  const inFlight = new Map<Duplex, Set<Exchange>>()
  const latest = new WeakMap<Duplex, Exchange>()
  let isClosing = false

  function settle(socket: Duplex, exchange: Exchange): void {
    // A client that went away in mid-request: its socket was closed, and forgotten, before the response.
    const exchanges = inFlight.get(socket)
    exchanges?.delete(exchange)
    if (isClosing && exchanges?.size === 0) socket.end(() => socket.destroy()) // what comes now is not served
  }

  server.on('connection', (socket: Socket) => {
    // Node takes its own listener away when it hands a connection over (CONNECT); a reset after that must find one.
    socket.on('error', () => undefined)
    inFlight.set(socket, new Set())
    socket.once('close', () => {
      inFlight.delete(socket)
      admission.leave(socket)
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
    // From here on nothing is owed to the client: one who does not read his answer keeps no place.
    response.once('prefinish', () => admission.setIdle(socket, [...exchanges ?? []].every((one) => one.response.writableEnded)))
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
