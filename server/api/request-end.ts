import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Calls `over` once, when the response is written or its connection is gone. Of requests that were sent one after the other
 * without waiting, Node 20 closes only the response whose turn it is with the connection; the others are never closed.
 */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, over: () => void): void {
  const end = () => {
    response.off('close', end)
    socket.off('close', end)
    over()
  }
  setMaxListeners(0, socket)
  response.once('close', end)
  socket.once('close', end)
  if (socket.destroyed) end()
}
