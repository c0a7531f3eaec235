import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Which connections have a request in flight. */
export interface Connections {
  isBusy(socket: Duplex): boolean
  /** Closes what is idle, now and from now on as soon as it becomes idle. */
  closeWhenIdle(): void
}

/**
 * Follows a server's connections. Node's own `closeIdleConnections` counts a connection that never sent anything as
 * busy, which would hold up every stop by the whole limit.
 */
export function trackConnections(server: Server): Connections {
  const inFlight = new Map<Duplex, number>()
  let isClosing = false

  function settle(socket: Duplex): void {
    // A client that went away in mid-request: its socket was closed, and forgotten, before the response.
    if (!inFlight.has(socket)) return
    const left = (inFlight.get(socket) ?? 1) - 1
    inFlight.set(socket, left)
    if (isClosing && left === 0) socket.end(() => socket.destroy()) // what comes now is not served
  }

  server.on('connection', (socket: Duplex) => {
    inFlight.set(socket, 0)
    socket.once('close', () => inFlight.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    inFlight.set(socket, (inFlight.get(socket) ?? 0) + 1)
    response.once('close', () => settle(socket))
  })

  return {
    isBusy: (socket) => (inFlight.get(socket) ?? 0) > 0,
    closeWhenIdle() {
      isClosing = true
      for (const [socket, count] of inFlight) if (count === 0) socket.destroy()
    },
  }
}
