import type { Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { within } from '../../runtime/deadline.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import { withLimit } from '../../runtime/limit.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import type { Link } from './link.ts'

const PAUSE_MS = 200
const PREPARE_LIMIT_MS = 10_000
const CLOSE_LIMIT_MS = 2000

export interface KeptChannelParts {
  readonly name: string
  readonly link: Pick<Link, 'acquire' | 'trouble'>
  /** Makes a new channel ready for its work. */
  readonly prepare: (channel: Channel) => Promise<void>
  /** The channel is `current` now. */
  readonly onReady?: () => void
  /** The channel is gone, or will be: what it had is lost. */
  readonly onLost: (error: Error) => void
  readonly log: Log
}

/** A channel that is opened again whenever it is lost, for ever. `stop` resolves when it is closed. */
export interface KeptChannel extends Worker {
  /** Undefined while there is none that is ready. */
  current(): Channel | undefined
  /** Why there is none, as far as is known. */
  fault(): Error | undefined
  /** Closes the one that there is; another follows. */
  replace(reason: Error): void
}

export function createKeptChannel({ name, link, prepare, onReady, onLost, log }: KeptChannelParts): KeptChannel {
  const failures = createFailureLog(log, `rabbitmq ${name}`)
  const loop = createLoop({ name: `rabbitmq ${name}`, log, turn })
  let current: Channel | undefined
  let fault: Error | undefined
  let giveUp: (reason: Error) => void = () => undefined

  /** The life of one channel. */
  async function turn(signal: AbortSignal): Promise<number> {
    const end = await liveUntilEnd(signal).catch(errorOf)
    onLost(end)
    if (signal.aborted) return 0
    fault = end
    // Without a connection none of the channels can be: the link has said so, once for all.
    if (link.trouble() === undefined) failures.failed(end)
    return PAUSE_MS
  }

  /** Answers why it ended. */
  async function liveUntilEnd(signal: AbortSignal): Promise<Error> {
    const ended = new Promise<Error>((resolve) => {
      giveUp = resolve
    })
    const onStop = () => giveUp(new Error('stopped'))
    signal.addEventListener('abort', onStop)
    if (signal.aborted) onStop()
    try {
      return await live(ended)
    } finally {
      signal.removeEventListener('abort', onStop)
    }
  }

  async function live(ended: Promise<Error>): Promise<Error> {
    const channel = await acquireUnless(ended)
    if (channel instanceof Error) return channel
    whenItEnds(channel, giveUp)
    try {
      const early = await Promise.race([withLimit(PREPARE_LIMIT_MS, () => prepare(channel)), ended])
      if (early) return early
      current = channel
      fault = undefined
      failures.worked()
      onReady?.()
      return await ended
    } finally {
      current = undefined
      const closing = channel.close()
      // Nobody answers on a connection that is lost or blocked.
      if (link.trouble() === undefined) await within(CLOSE_LIMIT_MS, closing)
    }
  }

  /** A channel that comes too late is closed. */
  async function acquireUnless(ended: Promise<Error>): Promise<Channel | Error> {
    const acquiring = link.acquire()
    const first = await withLimit(PREPARE_LIMIT_MS, () => Promise.race([acquiring, ended])).catch(errorOf)
    if (first instanceof Error) acquiring.then((channel) => channel.close()).catch(() => undefined)
    return first
  }

  return {
    current: () => (current?.active === true ? current : undefined),
    fault: () => fault,
    replace: (reason) => giveUp(reason),
    start: loop.start,
    stop: loop.stop,
  }
}

/** Tells the turn of this channel, which may be over: a channel that is slow to close reports its end late. */
function whenItEnds(channel: Channel, end: (reason: Error) => void): void {
  channel.on('error', end)
  // A turn later: a request that the broker answers by closing the channel rejects in this turn, and says why.
  channel.once('close', () => void setImmediate(() => end(new Error('the channel was closed'))))
  channel.once('basic.cancel', () => end(new Error('the queue was deleted or has no leader')))
}

const errorOf = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))
