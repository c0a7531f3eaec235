import type { Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { deferred } from '../../runtime/deferred.ts'
import { AlreadyLogged } from '../../runtime/failure-text.ts'
import { runWithin } from '../../runtime/within.ts'
import type { Worker } from '../../runtime/loop.ts'
import { BrokerError, type EventRecord } from '../broker.ts'
import { codeInBrackets } from './broker-errors.ts'
import { createReconnectingChannel } from './reconnecting-channel.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { QueueNames } from './queue-names.ts'
import { createConfirmChannel, type ConfirmChannel } from './confirm-channel.ts'
import { declarePartitions } from './topology.ts'

/** A message that is not confirmed within this time is given up. */
const CONFIRM_LIMIT_MS = 5000
/** How long a failed write counts as a problem. Not until the next one that succeeds: there may be none. */
const PROBLEM_MS = 10_000

export interface PartitionPublisherDeps {
  readonly partition: number
  readonly connection: Pick<BrokerConnection, 'acquire' | 'problem' | 'reconnect'>
  /** Whether the broker has confirmed anything on this connection since then. Monotonic, in ms. */
  readonly isAlive: (sinceMs: number) => boolean
  readonly onConfirmed: () => void
  readonly names: QueueNames
  readonly log: Log
  readonly clock: () => number
}

/**
 * Writes into the queue of one partition, on a channel of its own: a queue that is missing, or has no leader, costs the
 * others nothing.
 */
export interface PartitionPublisher extends Worker {
  /** Sends records as one message. Resolves when the broker has confirmed it; rejects with a `BrokerError`. */
  publish(records: readonly EventRecord[]): Promise<void>
  problem(): string | undefined
  /** Ends the wait for confirms that may never come. */
  failPending(error: Error): void
  /** Resolves when a channel is ready, or with the error of the first attempt. */
  firstOpened(): Promise<Error | undefined>
}

export function createPartitionPublisher({
  partition,
  connection,
  isAlive,
  onConfirmed,
  names,
  log,
  clock,
}: PartitionPublisherDeps): PartitionPublisher {
  let confirmChannel: ConfirmChannel | undefined
  let failed: { readonly error: unknown; readonly untilMs: number } | undefined
  const pending = new Set<(error: Error) => void>()
  const firstOpening = deferred<Error | undefined>()
  const channel = createReconnectingChannel({
    name: `publish channel of partition ${partition}`,
    connection,
    prepare,
    onReady: () => firstOpening.resolve(undefined),
    onLost: firstOpening.resolve,
    log,
  })

  async function prepare(opened: Channel): Promise<void> {
    await declarePartitions(opened, names, [partition])
    confirmChannel = await createConfirmChannel(opened, names)
  }

  async function publish(records: readonly EventRecord[]): Promise<void> {
    const reason =
      connection.problem() ?? (channel.current() ? undefined : `not ready${codeInBrackets(channel.lastError())}`)
    if (reason !== undefined || !confirmChannel)
      throw new BrokerError('not_stored', new AlreadyLogged(reason ?? 'not ready'))
    const { outcome, error, isReturned = false } = await confirmed(confirmChannel.send(records))
    if (isReturned) channel.replace(new Error('its queue is missing'))
    if (outcome === 'not_stored') noteFailure(error)
    if (outcome !== 'stored') throw new BrokerError(outcome, error)
    failed = undefined
    onConfirmed()
  }

  function noteFailure(error: unknown): void {
    failed = { error, untilMs: clock() + PROBLEM_MS }
  }

  /** Waits for a confirm, but not for ever. A blocked broker says so, and confirms later. */
  async function confirmed<Outcome>(sending: Promise<Outcome>): Promise<Outcome> {
    const sentAt = clock()
    const stalled = deferred<never>()
    pending.add(stalled.reject)
    try {
      return await runWithin(CONFIRM_LIMIT_MS, () => Promise.race([sending, stalled.promise]))
    } catch (error) {
      if (connection.problem() === undefined) {
        if (isAlive(sentAt)) {
          noteFailure(error)
          channel.replace(new Error('the broker did not confirm in time'))
        } else connection.reconnect()
      }
      throw new BrokerError('unknown', error)
    } finally {
      pending.delete(stalled.reject)
    }
  }

  return {
    publish,
    problem() {
      const isReady = channel.current() !== undefined
      if (isReady && (failed === undefined || clock() >= failed.untilMs)) return undefined
      return `partition ${partition} cannot be written${codeInBrackets(isReady ? failed?.error : channel.lastError())}`
    },
    failPending: (error) => pending.forEach((giveUp) => giveUp(error)),
    firstOpened: () => firstOpening.promise,
    start: channel.start,
    stop: channel.stop,
  }
}
