import { createServer, type Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { within } from '../../runtime/within.ts'
import { createResponder } from './response/responder.ts'
import type { Authenticator } from '../auth/caller.ts'
import { createAdmission } from './connections/admission.ts'
import { trackConnections } from './connections/connection-tracker.ts'
import type { EnvelopeWriter } from './response/envelope-writer.ts'
import type { Route } from './route.ts'
import { createRouter } from './router.ts'
import { respondToConnect, respondToMalformedRequest } from './malformed-request.ts'

/**
 * Longer than load balancers in front wait (60 s), so that they close first and never send into a closing connection.
 */
const KEEP_ALIVE_MS = 72_000
/** Against slow clients: limits for all headers, for the whole request, for any pause. */
const HEADERS_MS = 20_000
const REQUEST_MS = 60_000
const SOCKET_IDLE_TIMEOUT_MS = 120_000
const CHECK_EVERY_MS = 5000
/**
 * How long a graceful shutdown leaves idle connections open: a request that is on its way at that moment gets a
 * response, which closes the connection. Closed at once, the connection would be reset, and the sender could not tell
 * whether it was served.
 */
const IDLE_GRACE_MS = 1000
/** Idle clients must not use up the file descriptors that deliveries need. */
export const MAX_CONNECTIONS = 8192

export interface HttpServerDeps {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly routes: readonly Route[]
  readonly authenticator: Authenticator
  readonly envelopes: EnvelopeWriter
  /** Base of the address of the documentation; undefined: the one under which the caller reached the service. */
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
  /** Listens. Returns the address, e.g. `http://127.0.0.1:8080`. Rejects when the port is taken. */
  start(): Promise<string>
  /**
   * Shuts down gracefully: accepts no new connection, closes each open one with its next response, or when it stays
   * idle for the grace period, and resolves when the requests in flight have their responses or the limit is over. A
   * connection that ends without a byte was not served.
   */
  stop(): Promise<void>
}

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const {
    host,
    port,
    routes,
    authenticator,
    envelopes,
    publicUrl,
    maxConnections = MAX_CONNECTIONS,
    trustedProxies = [],
    log,
    stopLimitMs = 25_000,
    idleGraceMs = IDLE_GRACE_MS,
  } = deps
  // The router rejects a missing Host, with an envelope; the rejection by Node would have no body.
  const server = createServer({
    requireHostHeader: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
  })
  server.timeout = SOCKET_IDLE_TIMEOUT_MS
  // Node would drop headers after the 2000th before anything here checks them; 16 KiB bound them as well
  server.maxHeadersCount = 0
  // unknown expectations are ignored; by default Node responds with 417 and no body
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  // the router asks for the body when it is ready
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  // A client that closes its sending side still waits for its response (`nc -N`). Every server of Node has this
  // property, without an option or a type for it.
  Object.assign(server, { httpAllowHalfOpen: true })
  const connections = trackConnections(server, createAdmission({ maxConnections, trustedProxies, log }))
  server.on('connect', ({ socket }) => respondToConnect(socket, { connections, envelopes }))
  const responder = createResponder({ envelopes, log })
  const router = createRouter({
    server,
    routes,
    authenticator,
    responder,
    log,
    publicUrl,
    onMalformedRequest: (error, socket) => respondToMalformedRequest(error, socket, { connections, envelopes }),
  })
  let stopped: Promise<void> | undefined

  async function start(): Promise<string> {
    await router.ready()
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new Error(`The api cannot listen on HOST and TAPIS_SERVICE_PORT: ${error.message}`, { cause: error }))
      server.once('error', fail)
      server.listen({ host, port }, () => {
        server.off('error', fail)
        resolve()
      })
    })
    return addressOf(server)
  }

  async function finish(): Promise<void> {
    responder.closeConnections()
    await stopListening()
    await router.close()
  }

  async function stopListening(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.once('close', resolve))
    await turn() // accepts the connections in the backlog, which would be reset otherwise
    // Not the server's own close, which cuts idle connections at once.
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

/** Returns the address under which this machine reaches the server. */
function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no address')
  const known = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address
  return `http://${known.includes(':') ? `[${known}]` : known}:${address.port}`
}
