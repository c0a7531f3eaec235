import type { AsyncMessage, Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { hasCode } from '../../runtime/error-code.ts'
import type { Worker } from '../../runtime/loop.ts'
import type { InboxRecord } from '../inbox.ts'
import { codeInBrackets } from './broker-errors.ts'
import { createFifo, type Fifo } from './fifo.ts'
import { createReconnectingChannel } from './reconnecting-channel.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { decodeMessage } from './message-codec.ts'
import type { QueueNames } from './queue-names.ts'
import { createSeparableConnection } from './separable-connection.ts'
import { declarePartitions } from './topology.ts'

export interface PartitionConsumerDeps {
  readonly partition: number
  /** Of all partitions. */
  readonly connection: Pick<BrokerConnection, 'acquire' | 'problem'>
  /** Makes a connection for this partition alone. */
  readonly openOwn: (partition: number) => Pick<BrokerConnection, 'open' | 'acquire' | 'close'>
  readonly names: QueueNames
  /** Messages that may be unacknowledged at once; see `prefetchOf`. */
  readonly prefetch: number
  readonly onArrival: () => void
  /** The database's clock, for messages without a time of receipt. */
  readonly now: () => Date
  readonly log: Log
}

/**
 * The records of one queue, as long as this process owns its partition. What is not acknowledged when a channel closes
 * is delivered again.
 */
export interface PartitionConsumer extends Worker {
  /** Returns how many records have arrived and are not acknowledged. */
  waiting(): number
  /** See `Fifo.peek`. */
  peek(records: number, bytes: number): readonly InboxRecord[]
  /** Acknowledges the messages of what `peek` returned last: it is committed. */
  acknowledge(): void
  /** See `Fifo.quarantineHead`. */
  quarantineHead(): boolean
  problem(): string | undefined
}

export function createPartitionConsumer({
  partition,
  connection: shared,
  openOwn,
  names,
  prefetch,
  onArrival,
  now,
  log,
}: PartitionConsumerDeps): PartitionConsumer {
  let fifo: Fifo | undefined
  const connection = createSeparableConnection(shared, () => openOwn(partition))
  const reconnecting = createReconnectingChannel({ name: `partition ${partition}`, connection, prepare, onLost, log })

  async function prepare(channel: Channel): Promise<void> {
    const arrived = createFifo(partition, now)
    await declarePartitions(channel, names, [partition])
    await channel.basicQos({ prefetchCount: prefetch })
    fifo = arrived
    await consume(channel, arrived).catch((error: unknown) => {
      if (endsConnection(error)) connection.separate()
      throw error
    })
  }

  const consume = (channel: Channel, arrived: Fifo) =>
    channel.basicConsume({ queue: names.queueOf(partition) }, (message) => {
      arrive(arrived, message)
      onArrival()
    })

  function arrive(arrived: Fifo, { deliveryTag, body }: AsyncMessage): void {
    const message = decodeMessage(bytesOf(body), partition, now())
    if (message.kind === 'records' && message.reasons.length > 0)
      log.error({ partition, reasons: message.reasons.slice(0, 5) }, 'a message cannot be decoded')
    arrived.push(deliveryTag, message)
  }

  function onLost(): void {
    fifo = undefined
  }

  return {
    waiting: () => fifo?.size ?? 0,
    peek: (records, bytes) => fifo?.peek(records, bytes) ?? [],
    acknowledge() {
      const tag = fifo?.acknowledge()
      if (tag !== undefined) reconnecting.current()?.basicAck({ deliveryTag: tag, multiple: true })
    },
    quarantineHead: () => fifo?.quarantineHead() ?? false,
    problem() {
      const error = reconnecting.lastError()
      return error && `partition ${partition} cannot be read${codeInBrackets(error)}`
    },
    start: reconnecting.start,
    async stop() {
      await reconnecting.stop()
      await connection.close()
    },
  }
}

/** What RabbitMQ ends a connection with when it cannot do what one of its channels asks for. */
const endsConnection = (error: unknown) => hasCode(error, 'INTERNAL_ERROR')

/** The library parses a body whose content type says text or JSON. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
