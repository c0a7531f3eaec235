import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { isObject } from '@tidings/contract/is-object.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../runtime/loop.ts'

/** The notification of a heartbeat has less than 1 KiB. */
const MAX_BODY_BYTES = 16 * 1024
const REQUEST_MS = 5000
const MAX_CONNECTIONS = 32

/** An HTTP server on loopback that receives the canaries of this process, at a secret path. */
export interface CanaryListener extends Worker {
  /** Returns its address; undefined while it does not listen. */
  url(): string | undefined
}

export interface CanaryListenerDeps {
  /** The response is 200 when this resolves, and 503 when it rejects. */
  readonly onArrival: (eventUuid: string) => Promise<unknown>
  readonly log: Log
}

export function createCanaryListener({ onArrival, log }: CanaryListenerDeps): CanaryListener {
  const path = `/${randomUUID()}`
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 },
    (request, response) => {
      void handle(request)
        .catch(failed)
        .then((status) => response.writeHead(status).end())
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  server.on('error', (error) => log.error({ err: error }, 'the canary cannot be received'))

  async function handle(request: IncomingMessage): Promise<number> {
    if (request.url !== path) return 404
    const eventUuid = eventUuidOf(await readText(request))
    if (eventUuid === undefined) return 400
    await onArrival(eventUuid)
    return 200
  }

  function failed(error: unknown): number {
    log.debug({ err: error }, 'canary not recorded')
    return 503
  }

  return {
    url() {
      const address = server.address()
      return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}${path}` : undefined
    },
    start() {
      if (!server.listening) server.listen(0, '127.0.0.1')
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new RangeError('too large for a canary')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function eventUuidOf(text: string): string | undefined {
  const body: unknown = JSON.parse(text)
  const uuid = isObject(body) ? body.eventUuid : undefined
  return typeof uuid === 'string' ? uuid : undefined
}
