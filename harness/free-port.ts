import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports of outgoing connections (Linux: from 32768), so that none of them takes the port while its server is
 * down.
 */
const [MIN_PORT, MAX_PORT] = [20_000, 32_000]

/**
 * Returns a free port on 127.0.0.1, for a server that is restarted on it. Another process may still take it first.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = MIN_PORT + Math.floor(Math.random() * (MAX_PORT - MIN_PORT))
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (isListening) await new Promise((resolve) => server.close(resolve))
  return isListening
}
