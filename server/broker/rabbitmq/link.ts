import { Connection, type Channel } from 'rabbitmq-client'
import type { BrokerServer } from '../../config-broker.ts'
import type { Log } from '../../log.ts'
import { CONNECT_LIMIT_MS } from '../../runtime/connect-limit.ts'
import { within } from '../../runtime/deadline.ts'
import type { OutageLog } from '../../runtime/outage-log.ts'
import { inBrackets } from './faults.ts'

/** How long a request for a channel waits for a connection. */
const ACQUIRE_LIMIT_MS = 2500
const CLOSE_LIMIT_MS = 2000
const RECONNECT_MS = { least: 200, most: 1000 }
const FRAME_BYTES = 128 * 1024

export interface LinkParts {
  readonly server: BrokerServer
  /** Text of the authorities that certificates are checked against; undefined: the usual ones. */
  readonly ca: string | undefined
  readonly name: string
  /** What was sent may not be answered: the connection is lost, or the broker has stopped reading from it. */
  readonly onStalled?: (error: Error) => void
  /** One for all links: they miss the same broker. */
  readonly outages: Pick<OutageLog, 'failed' | 'worked'>
  readonly log: Log
}

/** A connection that comes back by itself, and says how it is. */
export interface Link {
  /** Begins to connect. Resolves when it is known how the first attempt ended; answers why it failed, if so. */
  open(): Promise<Error | undefined>
  /** Rejects when there is no connection within 2.5 s. */
  acquire(): Promise<Channel>
  /** Why nothing can be sent at the moment; undefined: it can, as far as is known. */
  trouble(): string | undefined
  /** Throws the connection away, with whatever was not sent yet, and makes another. */
  renew(): void
  close(): Promise<void>
}

export function createLink({ server, ca, name, onStalled, outages, log }: LinkParts): Link {
  let connection: Connection | undefined
  let state: { readonly isReady: boolean; readonly reason: string } = { isReady: false, reason: 'not connected' }

  function connect(): Connection {
    const made = new Connection(optionsOf(server, ca, name))
    made.on('connection', () => {
      state = { isReady: true, reason: '' }
      outages.worked(name)
    })
    made.on('error', (error: Error) => {
      state = { isReady: false, reason: `not connected${inBrackets(error)}` }
      outages.failed(error, name)
      onStalled?.(error)
    })
    made.on('connection.blocked', (reason) => {
      state = { isReady: false, reason: `blocked: ${reason}` }
      log.warn({ reason }, 'the broker takes no messages for now')
      onStalled?.(new Error(state.reason))
    })
    made.on('connection.unblocked', () => {
      state = { isReady: true, reason: '' }
      log.info('the broker takes messages again')
    })
    return made
  }

  return {
    open: () => new Promise((resolve) => {
      connection = connect()
      connection.once('connection', () => resolve(undefined))
      connection.once('error', resolve)
    }),
    acquire: () => connection?.acquire({ emitErrorsFromChannel: true }) ?? Promise.reject(new Error('not connected')),
    trouble: () => (state.isReady ? undefined : state.reason),
    renew() {
      state = { isReady: false, reason: 'not connected: no answer' }
      outages.failed(new Error('the broker did not confirm in time, the connection is made anew'), name)
      discard(connection)
      connection = connect()
    },
    async close() {
      const closing = connection
      const isAnswering = state.isReady
      connection = undefined
      state = { isReady: false, reason: 'not connected' }
      // A connection that is blocked or dead would wait for ever.
      if (closing && !(isAnswering && await within(CLOSE_LIMIT_MS, closing.close().catch(() => undefined)))) discard(closing)
    },
  }
}

/** Its channels learn of it; nobody else does. */
function discard(connection: Connection | undefined): void {
  connection?.removeAllListeners()
  connection?.on('error', () => undefined)
  connection?.unsafeDestroy()
}

const optionsOf = (server: BrokerServer, ca: string | undefined, name: string) => ({
  hostname: server.host,
  port: server.port,
  vhost: server.vhost,
  username: server.user,
  password: server.password,
  heartbeat: server.heartbeatS,
  ...(server.usesTls ? { tls: ca === undefined ? true : { ca } } : {}),
  connectionName: `tidings ${name}`,
  connectionTimeout: CONNECT_LIMIT_MS,
  acquireTimeout: ACQUIRE_LIMIT_MS,
  retryLow: RECONNECT_MS.least,
  retryHigh: RECONNECT_MS.most,
  frameMax: FRAME_BYTES,
  noDelay: true,
})
