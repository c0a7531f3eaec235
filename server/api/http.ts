import { createServer, type Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { within } from '../runtime/deadline.ts'
import { createAnswering } from './answering.ts'
import type { Authenticator } from './auth/caller.ts'
import { createAdmission } from './admission.ts'
import { trackConnections } from './connections.ts'
import type { Envelopes } from './envelope.ts'
import type { Route } from './route.ts'
import { createRouter } from './router.ts'
import { answerConnect, answerUnreadable } from './unreadable.ts'

/** Longer than the load balancers in front wait (60 s), so that they close first and never meet a closing connection. */
const KEEP_ALIVE_MS = 72_000
/** Against clients that send a byte now and then: all headers, the whole request, any pause. */
const HEADERS_MS = 20_000
const REQUEST_MS = 60_000
const PAUSE_MS = 120_000
const CHECK_EVERY_MS = 5000
/**
 * How long a stop leaves idle connections open: a request that is on its way at that moment is answered, and its answer closes
 * the connection. Cut at once, it would be reset, and its sender could not tell whether it was served.
 */
const IDLE_GRACE_MS = 1000
/** Idle callers must not use up the file descriptors that deliveries need. */
export const MAX_CONNECTIONS = 8192

export interface HttpServerParts {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly envelopes: Envelopes
  /** Base of the address of the documentation; undefined: the one under which the caller reached us. */
  readonly publicUrl?: string | undefined
  /** Open at the same moment; see `Admission`. */
  readonly maxConnections?: number | undefined
  /** CIDR blocks; see `Admission`. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly log: Log
  /** How long `stop` waits for requests in flight. */
  readonly stopLimitMs?: number
  /** How long `stop` leaves idle connections to their callers. */
  readonly idleGraceMs?: number
}

export interface HttpServer {
  /** Listens. Answers the address, e.g. `http://127.0.0.1:8080`. Rejects when the port is taken. */
  start(): Promise<string>
  /**
   * Accepts no new connection, closes each open one with its next answer, or when it stays idle for the grace, and resolves when
   * the requests in flight are answered or the limit is over. A connection that ends without a byte was not served.
   */
  stop(): Promise<void>
}

export function createHttpServer(parts: HttpServerParts): HttpServer {
  const { host, port, routes, authenticator, envelopes, publicUrl, maxConnections = MAX_CONNECTIONS, trustedProxies = [], log, stopLimitMs = 25_000, idleGraceMs = IDLE_GRACE_MS } = parts
  // A missing Host is refused by the router, in the envelope; left to Node the refusal would have no body.
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_EVERY_MS })
  server.timeout = PAUSE_MS
  server.maxHeadersCount = 0 // Node drops what comes after the 2000th, unseen by those who judge headers; 16 KiB bound them as well
  server.on('checkExpectation', (request, response) => server.emit('request', request, response)) // unknown expectations are ignored, not answered 417 without a body
  server.on('checkContinue', (request, response) => server.emit('request', request, response)) // the router says when it wants the body
  // A caller that says it sends no more still waits for its answer (`nc -N`). Node has this for every server, and no option or type for it.
  Object.assign(server, { httpAllowHalfOpen: true })
  const connections = trackConnections(server, createAdmission({ maxConnections, trustedProxies, log }))
  server.on('connect', ({ socket }) => answerConnect(socket, { connections, envelopes }))
  const answering = createAnswering({ envelopes, log })
  const router = createRouter({
    server, routes, authenticator, answering, publicUrl,
    onUnreadable: (error, socket) => answerUnreadable(error, socket, { connections, envelopes }),
  })
  let stopped: Promise<void> | undefined

  async function start(): Promise<string> {
    await router.ready()
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: Error) => reject(new Error(`The api cannot listen where HOST and TAPIS_SERVICE_PORT say: ${error.message}`, { cause: error }))
      server.once('error', refuse)
      server.listen({ host, port }, () => {
        server.off('error', refuse)
        resolve()
      })
    })
    return addressOf(server)
  }

  async function finish(): Promise<void> {
    answering.closeConnections()
    await stopListening()
    await router.close()
  }

  async function stopListening(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.once('close', resolve))
    await turn() // what waits to be accepted is let in; refused later, it would be reset instead
    // Not its own close, which cuts idle connections at once.
    NetServer.prototype.close.call(server)
    if (await within(idleGraceMs, closed)) return
    connections.closeWhenIdle()
    if (await within(stopLimitMs, closed)) return
    log.warn({ limitMs: stopLimitMs }, 'requests in flight were cut off')
    server.closeAllConnections()
    await closed
  }

  return { start, stop: () => (stopped ??= finish()) }
}

/** Where the server can be reached from this machine. */
function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no address')
  const known = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address
  return `http://${known.includes(':') ? `[${known}]` : known}:${address.port}`
}
