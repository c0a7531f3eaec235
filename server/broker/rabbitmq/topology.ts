import type { Channel } from 'rabbitmq-client'
import { unusableBroker } from './broker-errors.ts'
import type { QueueNames } from './queue-names.ts'

/**
 * These never change: the broker rejects a declaration with other arguments than those of the queue.
 *
 * | argument                 | why                                                                      |
 * |--------------------------|--------------------------------------------------------------------------|
 * | x-queue-type             | a confirmed message is on the disks of a majority                        |
 * | x-single-active-consumer | the next owner gets nothing before unacknowledged messages are back      |
 * | x-delivery-limit         | no limit, as a number that every version accepts: content decides what   |
 * |                          | is poison, never a count                                                 |
 */
const QUEUE_ARGUMENTS = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  'x-delivery-limit': 2 ** 31 - 1,
} as const

/** Declares exchange, queues and bindings. Throws `UnusableBroker` when they exist with other arguments. */
export async function declarePartitions(
  channel: Channel,
  names: QueueNames,
  partitions: readonly number[],
): Promise<void> {
  await declaring(
    `the exchange ${names.exchange}`,
    channel.exchangeDeclare({ exchange: names.exchange, type: 'direct', durable: true }),
  )
  for (const partition of partitions) {
    const queue = names.queueOf(partition)
    await declaring(`the queue ${queue}`, channel.queueDeclare({ queue, durable: true, arguments: QUEUE_ARGUMENTS }))
    await declaring(
      `the binding of ${queue}`,
      channel.queueBind({ exchange: names.exchange, queue, routingKey: names.routingKeyOf(partition) }),
    )
  }
}

/**
 * Declares all partitions, and after them a queue that is never used. A node records which queues it has created, but
 * the newest one only with the next or some seconds later; after kill -9 in between it has lost that queue with all
 * that was confirmed in it (seen with RabbitMQ 3.10). So the newest queue must be worthless.
 */
export async function declareAll(channel: Channel, names: QueueNames, partitions: readonly number[]): Promise<void> {
  await declarePartitions(channel, names, partitions)
  await declaring(
    `the queue ${names.lastQueue}`,
    channel.queueDeclare({ queue: names.lastQueue, durable: true, arguments: QUEUE_ARGUMENTS }),
  )
}

const declaring = (what: string, declaration: Promise<unknown>) =>
  declaration.catch((error: unknown) => {
    throw unusableBroker(error, what) ?? error
  })
