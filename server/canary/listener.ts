import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Log } from '../log.ts'
import type { Worker } from '../runtime/loop.ts'

/** A beat's notification has less than 1 KiB. */
const MAX_BODY_BYTES = 16 * 1024
const REQUEST_MS = 5000
const MAX_CONNECTIONS = 32

/** Where this process receives its canaries: on loopback, at a path that nobody else knows. */
export interface CanaryListener extends Worker {
  /** Undefined while it does not listen. */
  url(): string | undefined
}

export interface CanaryListenerParts {
  /** The notification is answered 200 when this has resolved, and 503 when it rejects. */
  readonly onArrival: (eventUuid: string) => Promise<unknown>
  readonly log: Log
}

export function createCanaryListener({ onArrival, log }: CanaryListenerParts): CanaryListener {
  const path = `/${randomUUID()}`
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 }, (request, response) => {
    void answer(request).catch(failed).then((status) => response.writeHead(status).end())
  })
  server.maxConnections = MAX_CONNECTIONS
  server.on('error', (error) => log.error({ err: error }, 'the canary cannot be received'))

  async function answer(request: IncomingMessage): Promise<number> {
    if (request.url !== path) return 404
    const eventUuid = eventUuidOf(await readText(request))
    if (eventUuid === undefined) return 400
    await onArrival(eventUuid)
    return 200
  }

  function failed(error: unknown): number {
    log.debug({ err: error }, 'canary not noted')
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
    stop: () => new Promise((resolve) => {
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
  const uuid = typeof body === 'object' && body !== null && 'eventUuid' in body ? body.eventUuid : undefined
  return typeof uuid === 'string' ? uuid : undefined
}
