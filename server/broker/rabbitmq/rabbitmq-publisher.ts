import type { Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { deferred } from '../../runtime/deferred.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import { required } from '../../runtime/required.ts'
import { UnusableBroker, type EventRecord } from '../broker.ts'
import { codeInBrackets } from './broker-errors.ts'
import { createReconnectingChannel } from './reconnecting-channel.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { QueueNames } from './queue-names.ts'
import { createConfirmChannel, type ConfirmChannel } from './confirm-channel.ts'
import { createPartitionPublisher } from './partition-publisher.ts'
import { declareAll } from './topology.ts'

/** A process that publishes nothing learns within this time that the broker is blocked. */
const PROBE_INTERVAL_MS = 2000

export interface PublisherDeps {
  readonly connection: Pick<BrokerConnection, 'acquire' | 'problem' | 'reconnect'>
  readonly names: QueueNames
  readonly partitions: readonly number[]
  readonly log: Log
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

export interface Publisher extends Worker {
  /** Sends records of one partition as one message, see `Broker.publish`. */
  publish(records: readonly EventRecord[]): Promise<void>
  /** Of all partitions, or of some, which are named. */
  problems(): string[]
  /** Ends the wait for confirms that may never come. */
  failPending(error: Error): void
  /** Resolves when all channels are ready, or with an error of their first attempts, `UnusableBroker` before others. */
  firstOpened(): Promise<Error | undefined>
}

/**
 * Writes messages, each confirmed by the broker, on a channel for each partition. One channel more declares everything,
 * and notices a broker that is blocked or gone.
 */
export function createPublisher({
  connection,
  names,
  partitions,
  log,
  clock = () => performance.now(),
}: PublisherDeps): Publisher {
  let probeChannel: ConfirmChannel | undefined
  let lastConfirmMs = -Infinity
  let isStopped = false
  const declared = deferred<Error | undefined>()
  const channel = createReconnectingChannel({
    name: 'publish channel',
    connection,
    prepare,
    onReady: () => declared.resolve(undefined),
    onLost: declared.resolve,
    log,
  })
  const prober = createLoop({ name: 'rabbitmq touch', log, tick: probe })
  const publishers = new Map(
    partitions.map((partition) => [
      partition,
      createPartitionPublisher({
        partition,
        connection,
        isAlive: (sinceMs) => lastConfirmMs > sinceMs,
        onConfirmed: noteConfirm,
        names,
        log,
        clock,
      }),
    ]),
  )

  async function prepare(opened: Channel): Promise<void> {
    await declareAll(opened, names, partitions)
    probeChannel = await createConfirmChannel(opened, names)
  }

  function noteConfirm(): void {
    lastConfirmMs = clock()
  }

  function probe(): Promise<number> {
    if (connection.problem() === undefined && channel.current()) probeChannel?.probe(noteConfirm)
    return Promise.resolve(PROBE_INTERVAL_MS)
  }

  /** After the first attempt to declare everything: the last queue must be the last that comes into being. */
  async function startPublishers(): Promise<void> {
    await declared.promise
    if (!isStopped) for (const publisher of publishers.values()) publisher.start()
  }

  return {
    async publish(records) {
      const { partition } = required(records[0], 'a write has at least one record')
      if (records.some((record) => record.partition !== partition)) throw new Error('records of several partitions')
      await required(publishers.get(partition), 'the partition of a record').publish(records)
    },
    problems() {
      const problem =
        connection.problem() ?? (channel.current() ? undefined : `not ready${codeInBrackets(channel.lastError())}`)
      return problem === undefined
        ? [...publishers.values()].flatMap((publisher) => publisher.problem() ?? [])
        : [problem]
    },
    failPending(error) {
      for (const publisher of publishers.values()) publisher.failPending(error)
    },
    async firstOpened() {
      const first = await declared.promise
      const errors = [first, ...(await Promise.all([...publishers.values()].map((one) => one.firstOpened())))]
      return errors.find((error) => error instanceof UnusableBroker) ?? errors.find((error) => error !== undefined)
    },
    start() {
      for (const worker of [channel, prober]) worker.start()
      void startPublishers()
    },
    async stop() {
      isStopped = true
      await Promise.all([prober, channel, ...publishers.values()].map((worker) => worker.stop()))
    },
  }
}
