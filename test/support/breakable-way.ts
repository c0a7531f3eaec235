import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A TCP proxy in front of a PostgreSQL: the way there can be broken without touching the server, in both ways in which networks break. */
export interface BreakableWay {
  /** Address of the database through the proxy. The same over all changes. */
  readonly url: string
  /** As it should be. What was held back by `swallow` goes on its way. */
  forward(): Promise<void>
  /** Nobody listens, and open connections are reset. */
  refuse(): Promise<void>
  /** Connections are made, but nothing passes in either direction. */
  swallow(): Promise<void>
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  upstream: Socket | undefined
}

/** `target` is asked at each connection. */
export async function startBreakableWay(target: () => string): Promise<BreakableWay> {
  const links = new Set<Link>()
  let isSwallowing = false
  const server = createServer({ pauseOnConnect: true }, (client) => {
    const link: Link = { client, upstream: undefined }
    links.add(link)
    client.on('error', () => undefined)
    client.once('close', () => cut(link))
    if (!isSwallowing) open(link)
  })
  await listen(server, 0)
  const { port } = server.address() as AddressInfo

  function open(link: Link): void {
    const { hostname, port: targetPort } = new URL(target())
    const upstream = link.upstream = connect(Number(targetPort), hostname)
    upstream.on('error', () => undefined)
    upstream.once('close', () => cut(link))
    upstream.on('data', (chunk) => link.client.write(chunk))
    link.client.on('data', (chunk) => upstream.write(chunk))
    link.client.once('end', () => upstream.end())
    link.client.resume()
  }

  function cut(link: Link): void {
    links.delete(link)
    link.client.destroy()
    link.upstream?.destroy()
  }

  async function stopListening(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const { client, upstream } of links) {
      client.resetAndDestroy()
      upstream?.resetAndDestroy()
    }
    await closed
  }

  return {
    url: withPort(target(), port),
    async forward() {
      isSwallowing = false
      if (!server.listening) await listen(server, port)
      for (const link of links) {
        if (link.upstream) for (const socket of [link.client, link.upstream]) socket.resume()
        else open(link)
      }
    },
    refuse: stopListening,
    swallow() {
      isSwallowing = true
      for (const { client, upstream } of links) for (const socket of [client, upstream]) socket?.pause()
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
