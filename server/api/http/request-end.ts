import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Calls `over` once, when the response is written or its connection is gone. Of pipelined requests, Node 20 closes only
 * the current response with the connection; the others are never closed.
 */
export function onRequestEnd({ socket }: IncomingMessage, response: ServerResponse, onEnd: () => void): void {
  const end = () => {
    response.off('close', end)
    socket.off('close', end)
    onEnd()
  }
  setMaxListeners(0, socket)
  response.once('close', end)
  socket.once('close', end)
  if (socket.destroyed) end()
}
