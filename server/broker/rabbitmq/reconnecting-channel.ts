import type { Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { deferred } from '../../runtime/deferred.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import { runWithin, within } from '../../runtime/within.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import type { BrokerConnection } from './broker-connection.ts'

/** Doubled each time that a channel cannot be prepared: another request will not find another answer at once. */
const RECONNECT_PAUSE_MS = { least: 200, most: 3200 }
const PREPARE_LIMIT_MS = 10_000
const CLOSE_LIMIT_MS = 2000

export interface ReconnectingChannelDeps {
  readonly name: string
  readonly connection: Pick<BrokerConnection, 'acquire' | 'problem'>
  /** Prepares a new channel for its work. */
  readonly prepare: (channel: Channel) => Promise<void>
  /** The channel is `current` now. */
  readonly onReady?: () => void
  /** The channel is closed, or will be: what it had is lost. */
  readonly onLost: (error: Error) => void
  readonly log: Log
}

/** A channel that is reopened whenever it is lost. `stop` resolves when it is closed. */
export interface ReconnectingChannel extends Worker {
  /** Returns the channel; undefined while none is ready. */
  current(): Channel | undefined
  /** Returns why there is none, as far as is known. */
  lastError(): Error | undefined
  /** Closes the present channel; another follows. */
  replace(reason: Error): void
}

export function createReconnectingChannel({
  name,
  connection,
  prepare,
  onReady,
  onLost,
  log,
}: ReconnectingChannelDeps): ReconnectingChannel {
  const failures = createFailureLog(log, `rabbitmq ${name}`)
  const loop = createLoop({ name: `rabbitmq ${name}`, log, tick })
  let current: Channel | undefined
  let lastError: Error | undefined
  let pauseMs = RECONNECT_PAUSE_MS.least
  let giveUp: (reason: Error) => void = () => undefined

  /** Opens one channel and keeps it until it ends. */
  async function tick(signal: AbortSignal): Promise<number> {
    const end = await runUntilClosed(signal).catch(errorOf)
    onLost(end)
    if (signal.aborted) return 0
    lastError = end
    // Without a connection there can be no channel, and the connection has reported that.
    if (connection.problem() === undefined) failures.failed(end)
    return pauseMs
  }

  /** Returns why it ended. */
  async function runUntilClosed(signal: AbortSignal): Promise<Error> {
    const ended = deferred<Error>()
    giveUp = ended.resolve
    const onStop = () => giveUp(new Error('stopped'))
    signal.addEventListener('abort', onStop)
    if (signal.aborted) onStop()
    try {
      return await useChannel(ended.promise)
    } finally {
      signal.removeEventListener('abort', onStop)
    }
  }

  async function useChannel(ended: Promise<Error>): Promise<Error> {
    const channel = await acquireUnlessEnded(ended)
    if (channel instanceof Error) return channel
    onChannelEnd(channel, giveUp)
    try {
      pauseMs = Math.min(RECONNECT_PAUSE_MS.most, pauseMs * 2)
      const early = await Promise.race([runWithin(PREPARE_LIMIT_MS, () => prepare(channel)), ended])
      if (early) return early
      pauseMs = RECONNECT_PAUSE_MS.least
      current = channel
      lastError = undefined
      failures.markHealthy()
      onReady?.()
      return await ended
    } finally {
      current = undefined
      const closing = channel.close()
      // On a connection that is lost or blocked the close gets no response.
      if (connection.problem() === undefined) await within(CLOSE_LIMIT_MS, closing)
    }
  }

  /** Acquires a channel; one that arrives too late is closed. */
  async function acquireUnlessEnded(ended: Promise<Error>): Promise<Channel | Error> {
    const acquiring = connection.acquire()
    const first = await runWithin(PREPARE_LIMIT_MS, () => Promise.race([acquiring, ended])).catch(errorOf)
    if (first instanceof Error) acquiring.then((channel) => channel.close()).catch(() => undefined)
    return first
  }

  return {
    current: () => (current?.active === true ? current : undefined),
    lastError: () => lastError,
    replace: (reason) => giveUp(reason),
    start: loop.start,
    stop: loop.stop,
  }
}

/** Reports the end of a channel. A channel that is slow to close reports it late, when another one may be current. */
function onChannelEnd(channel: Channel, end: (reason: Error) => void): void {
  channel.on('error', end)
  // One turn of the event loop later: a request that the broker rejects by closing the channel rejects in this one.
  channel.once('close', () => void setImmediate(() => end(new Error('the channel was closed'))))
  channel.once('basic.cancel', () => end(new Error('the queue was deleted or has no leader')))
}

const errorOf = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))
