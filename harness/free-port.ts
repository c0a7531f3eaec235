import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that outgoing connections get (Linux: 32768), so that none of them takes it while its server is down. */
const [LEAST, MOST] = [20_000, 32_000]

/** A port on 127.0.0.1 that nobody listens at, for a server that comes back to it. Another process may still be faster. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST))
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isListening = await once(server, 'listening').then(() => true, () => false)
  if (isListening) await new Promise((resolve) => server.close(resolve))
  return isListening
}
