import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface AmqpGreetingServer {
  readonly port: number
  /** How many clients were greeted. */
  greeted(): number
  close(): Promise<void>
}

/**
 * A message broker as far as its first words: it sends a client `connection.start` (AMQP 0-9-1, 1.4.2.1), and
 * nothing more.
 */
export async function startAmqpGreetingServer({
  product = 'RabbitMQ',
  version,
}: {
  readonly product?: string
  readonly version: string
}): Promise<AmqpGreetingServer> {
  const sockets = new Set<Socket>()
  let greeted = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () =>
      socket.write(connectionStart({ product, version }), () => {
        greeted += 1
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    greeted: () => greeted,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function connectionStart(properties: Readonly<Record<string, string>>): Buffer {
  const table = Buffer.concat(
    Object.entries({ cluster_name: 'rabbit@site', ...properties, platform: 'Erlang/OTP 23.2' }).map(([key, text]) =>
      Buffer.concat([Buffer.from([key.length]), Buffer.from(`${key}S`), long(text)]),
    ),
  )
  const payload = Buffer.concat([
    Buffer.from([0, 10, 0, 10, 0, 9]),
    uint32(table.length),
    table,
    long('PLAIN AMQPLAIN'),
    long('en_US'),
  ])
  return Buffer.concat([Buffer.from([1, 0, 0]), uint32(payload.length), payload, Buffer.from([0xce])])
}

const long = (text: string) => Buffer.concat([uint32(Buffer.byteLength(text)), Buffer.from(text)])

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
