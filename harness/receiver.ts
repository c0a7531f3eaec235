import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { receivedOf, type Received } from './received.ts'
import { createWaiter } from './wait-until.ts'

export type { NotificationBody, Received } from './received.ts'

/** `withheld`: the callback responds itself, or nobody does. */
export type ReceiverResponse =
  | number
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'withheld'

export interface Receiver {
  url(path?: string): string
  /** Every request since the start, in order of arrival; empty if `keepsRequests` is false. */
  readonly received: readonly Received[]
  /** Sets the statuses of the next responses, in order; after them it is 200 again. */
  answers(...statuses: number[]): void
  /** Sets a callback that decides each response; undefined leaves it to `answers`. */
  decide(
    callback: (
      request: Received,
      response: ServerResponse,
    ) => ReceiverResponse | undefined | Promise<ReceiverResponse | undefined>,
  ): void
  /** Resolves with the next `count` requests that no earlier call took. Rejects at the deadline. */
  take(count: number, deadlineMs?: number): Promise<Received[]>
  /** Resolves once the predicate holds; it is checked at each arrival and each response. Rejects at the deadline. */
  waitFor(predicate: (received: readonly Received[]) => boolean, deadlineMs?: number): Promise<void>
  /** Refuses new connections and cuts the open ones. */
  goDown(): Promise<void>
  /** Listens again, on the same port. */
  comeUp(): Promise<void>
  close(): Promise<void>
}

const DEADLINE_MS = 10_000

/**
 * Starts a real HTTP receiver on 127.0.0.1, on a port of its own. With `keepsRequests: false` only `decide` sees the
 * requests, and a long run does not fill the memory.
 */
export async function startReceiver({
  keepsRequests = true,
}: { readonly keepsRequests?: boolean } = {}): Promise<Receiver> {
  const received: Received[] = []
  const waiting = createWaiter()
  const script: number[] = []
  let decideResponse: Parameters<Receiver['decide']>[0] = () => undefined
  let taken = 0

  const server = createServer((request, response) => {
    // A client that goes away is for the test to judge, and is no error of the receiver.
    respond(request, response).catch(() => response.destroy())
  })
  const port = await listen(server, 0)

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry = receivedOf(request, await buffer(request))
    if (keepsRequests) received.push(entry)
    response.on('finish', () => {
      entry.answeredStatus = response.statusCode
      waiting.check()
    })
    waiting.check()
    const decided = (await decideResponse(entry, response)) ?? script.shift() ?? 200
    if (decided === 'withheld') return
    const { status, headers = {}, body = '' } = typeof decided === 'number' ? { status: decided } : decided
    response.writeHead(status, headers).end(body)
  }

  const waitFor = (predicate: (all: readonly Received[]) => boolean, deadlineMs = DEADLINE_MS) =>
    waiting.until(
      () => predicate(received),
      deadlineMs,
      () => `the receiver timed out after ${deadlineMs} ms; ${received.length} requests came`,
    )

  return {
    url: (path = '/') => `http://127.0.0.1:${port}${path}`,
    received,
    answers: (...statuses) => void script.push(...statuses),
    decide(callback) {
      decideResponse = callback
    },
    async take(count, deadlineMs) {
      const from = taken
      taken += count
      await waitFor(() => received.length >= from + count, deadlineMs)
      return received.slice(from, from + count)
    },
    waitFor,
    goDown: () => stopListening(server),
    comeUp: () => listen(server, port).then(() => undefined),
    close: () => stopListening(server),
  }
}

/** Returns the port. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
