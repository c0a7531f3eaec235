import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface RawReceiver {
  url(path?: string): string
  readonly port: number
  /** Connections that were ever made. */
  readonly connections: readonly Socket[]
  /** Resolves when all connections made so far are closed. */
  allClosed(): Promise<void>
  close(): Promise<void>
}

/**
 * A TCP server on 127.0.0.1 that does what no HTTP server would. `onRequest` is called with each chunk that arrives.
 */
export async function startRawReceiver(
  onRequest: (socket: Socket, chunk: Buffer) => void,
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<RawReceiver> {
  const connections: Socket[] = []
  const server = createServer((socket) => {
    connections.push(socket)
    // The other side may cut the connection at any moment; that is what the tests are about.
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => onRequest(socket, chunk))
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: (path = '/') => `http://127.0.0.1:${port}${path}`,
    port,
    connections,
    async allClosed() {
      await Promise.all(
        connections.map(
          (socket) =>
            new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve()))),
        ),
      )
    },
    async close() {
      for (const socket of connections) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
