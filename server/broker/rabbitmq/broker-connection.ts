import { Connection, type Channel } from 'rabbitmq-client'
import type { BrokerServer } from '../../config/broker-url.ts'
import type { Log } from '../../log.ts'
import { CONNECT_LIMIT_MS } from '../../runtime/connect-limit.ts'
import { within } from '../../runtime/within.ts'
import type { OutageLog } from '../../runtime/outage-log.ts'
import { codeInBrackets } from './broker-errors.ts'

/** How long a request for a channel waits for a connection. */
const ACQUIRE_LIMIT_MS = 2500
const CLOSE_LIMIT_MS = 2000
const RECONNECT_MS = { least: 200, most: 1000 }
const FRAME_BYTES = 128 * 1024

export interface BrokerConnectionDeps {
  readonly server: BrokerServer
  /** The authorities that certificates are verified against, as PEM; undefined: the default ones. */
  readonly ca: string | undefined
  readonly name: string
  /** Called when confirms may never come: the connection is lost, or the broker has stopped reading from it. */
  readonly onStalled?: (error: Error) => void
  /** Shared by all connections, which all lose the same broker. */
  readonly outages: Pick<OutageLog, 'failed' | 'markHealthy'>
  readonly log: Log
}

/** A connection that reconnects by itself and reports its state. */
export interface BrokerConnection {
  /** Begins to connect. Resolves when the first attempt has ended, with its error if it failed. */
  open(): Promise<Error | undefined>
  /** Rejects when there is no connection within 2.5 s. */
  acquire(): Promise<Channel>
  /** Returns why nothing can be sent at the moment; undefined: no reason is known. */
  problem(): string | undefined
  /** Discards the connection, with whatever was not sent yet, and opens another. */
  reconnect(): void
  close(): Promise<void>
}

export function createBrokerConnection({
  server,
  ca,
  name,
  onStalled,
  outages,
  log,
}: BrokerConnectionDeps): BrokerConnection {
  let current: Connection | undefined
  let state: { readonly isReady: boolean; readonly reason: string } = { isReady: false, reason: 'not connected' }

  function connect(): Connection {
    const made = new Connection(optionsOf(server, ca, name))
    made.on('connection', () => {
      state = { isReady: true, reason: '' }
      outages.markHealthy(name)
    })
    made.on('error', (error: Error) => {
      state = { isReady: false, reason: `not connected${codeInBrackets(error)}` }
      outages.failed(error, name)
      onStalled?.(error)
    })
    made.on('connection.blocked', (reason) => {
      state = { isReady: false, reason: `blocked: ${reason}` }
      log.warn({ reason }, 'the broker accepts no messages for now')
      onStalled?.(new Error(state.reason))
    })
    made.on('connection.unblocked', () => {
      state = { isReady: true, reason: '' }
      log.info('the broker accepts messages again')
    })
    return made
  }

  return {
    open: () =>
      new Promise((resolve) => {
        current = connect()
        current.once('connection', () => resolve(undefined))
        current.once('error', resolve)
      }),
    acquire: () => current?.acquire({ emitErrorsFromChannel: true }) ?? Promise.reject(new Error('not connected')),
    problem: () => (state.isReady ? undefined : state.reason),
    reconnect() {
      state = { isReady: false, reason: 'not connected: no response' }
      outages.failed(new Error('the broker did not confirm in time, replacing the connection'), name)
      discard(current)
      current = connect()
    },
    async close() {
      const closing = current
      const isAnswering = state.isReady
      current = undefined
      state = { isReady: false, reason: 'not connected' }
      // The close of a connection that is blocked or dead would never end.
      if (
        closing &&
        !(
          isAnswering &&
          (await within(
            CLOSE_LIMIT_MS,
            closing.close().catch(() => undefined),
          ))
        )
      )
        discard(closing)
    },
  }
}

/** Destroys a connection without an event for anything but its channels. */
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
