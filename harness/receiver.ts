import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { receivedOf, type Received } from './received.ts'
import { createWaiting } from './waiting.ts'

export type { NotificationBody, Received } from './received.ts'

/** `withheld`: the callback answers by itself, or never. */
export type Answer = number | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } | 'withheld'

export interface Receiver {
  url(path?: string): string
  /** Every request since the start, in the order of arrival; none when it keeps none. */
  readonly received: readonly Received[]
  /** The statuses of the next requests, in their order; afterwards it is 200 again. */
  answers(...statuses: number[]): void
  /** Decides each answer, before the script of `answers` is asked; undefined leaves it to the script. */
  decide(callback: (request: Received, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>): void
  /** The next `count` requests that no earlier call took. Rejects at the deadline. */
  take(count: number, deadlineMs?: number): Promise<Received[]>
  /** Resolves once the predicate holds, asked at each arrival and each answer. Rejects at the deadline. */
  waitFor(predicate: (received: readonly Received[]) => boolean, deadlineMs?: number): Promise<void>
  /** Refuses connections and cuts the open ones. */
  goDown(): Promise<void>
  /** Listens again, on the same port. */
  comeUp(): Promise<void>
  close(): Promise<void>
}

const DEADLINE_MS = 10_000

/** A real HTTP receiver on 127.0.0.1, on a port of its own. One that is only ever asked by `decide` need keep no requests. */
export async function startReceiver({ keepsRequests = true }: { readonly keepsRequests?: boolean } = {}): Promise<Receiver> {
  const received: Received[] = []
  const waiting = createWaiting()
  const script: number[] = []
  let decideAnswer: Parameters<Receiver['decide']>[0] = () => undefined
  let taken = 0

  const server = createServer((request, response) => {
    // A client that goes away is the business of the test, not a fault of the receiver.
    answer(request, response).catch(() => response.destroy())
  })
  const port = await listen(server, 0)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry = receivedOf(request, await buffer(request))
    if (keepsRequests) received.push(entry)
    response.on('finish', () => {
      entry.answeredStatus = response.statusCode
      waiting.look()
    })
    waiting.look()
    const decided = (await decideAnswer(entry, response)) ?? script.shift() ?? 200
    if (decided === 'withheld') return
    const { status, headers = {}, body = '' } = typeof decided === 'number' ? { status: decided } : decided
    response.writeHead(status, headers).end(body)
  }

  const waitFor = (predicate: (all: readonly Received[]) => boolean, deadlineMs = DEADLINE_MS) =>
    waiting.until(() => predicate(received), deadlineMs, () => `the receiver waited ${deadlineMs} ms in vain; ${received.length} requests came`)

  return {
    url: (path = '/') => `http://127.0.0.1:${port}${path}`,
    received,
    answers: (...statuses) => void script.push(...statuses),
    decide(callback) {
      decideAnswer = callback
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

/** Answers the port. */
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
