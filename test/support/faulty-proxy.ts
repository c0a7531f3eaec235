import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * A TCP proxy in front of a PostgreSQL: the way there can be broken without touching the server, in both ways in which
 * networks break.
 */
export interface FaultyProxy {
  /** Address of the database through the proxy. The same over all changes. */
  readonly url: string
  /** As it should be. What was held back by `swallow` goes on its way. */
  forward(): Promise<void>
  /** Nobody listens, and open connections are reset. */
  refuse(): Promise<void>
  /** Connections are made, but nothing passes in either direction. */
  blackhole(): Promise<void>
  close(): Promise<void>
}

interface ProxiedConnection {
  readonly client: Socket
  upstream: Socket | undefined
}

/** `target` is called at each connection. */
export async function startFaultyProxy(target: () => string): Promise<FaultyProxy> {
  const connections = new Set<ProxiedConnection>()
  let isBlackholed = false
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const connection: ProxiedConnection = { client, upstream: undefined }
    connections.add(connection)
    client.on('error', () => undefined)
    client.once('close', () => cut(connection))
    if (!isBlackholed) open(connection)
  })
  await listen(server, 0)
  const { port } = server.address() as AddressInfo

  function open(connection: ProxiedConnection): void {
    const { hostname, port: targetPort } = new URL(target())
    const upstream = (connection.upstream = connect(Number(targetPort), hostname))
    upstream.on('error', () => undefined)
    upstream.once('close', () => cut(connection))
    upstream.on('data', (chunk) => connection.client.write(chunk))
    connection.client.on('data', (chunk) => upstream.write(chunk))
    connection.client.once('end', () => upstream.end())
    connection.client.resume()
  }

  function cut(connection: ProxiedConnection): void {
    connections.delete(connection)
    connection.client.destroy()
    connection.upstream?.destroy()
  }

  async function stopListening(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const { client, upstream } of connections) {
      client.resetAndDestroy()
      upstream?.resetAndDestroy()
    }
    await closed
    // Polled twice: whoever has a connection in this process knows that it is gone.
    for (let poll = 0; poll < 3; poll += 1) await nextTurn()
  }

  return {
    url: withPort(target(), port),
    async forward() {
      isBlackholed = false
      if (!server.listening) await listen(server, port)
      for (const connection of connections) {
        if (connection.upstream) for (const socket of [connection.client, connection.upstream]) socket.resume()
        else open(connection)
      }
    },
    refuse: stopListening,
    blackhole() {
      isBlackholed = true
      for (const { client, upstream } of connections) for (const socket of [client, upstream]) socket?.pause()
      return Promise.resolve()
    },
    close: stopListening,
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function withPort(address: string, port: number): string {
  const url = new URL(address)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return url.href
}
