import type { Channel } from 'rabbitmq-client'
import { unusable } from './faults.ts'
import type { Names } from './names.ts'

/**
 * The same everywhere and for ever, or the broker refuses the declaration.
 *
 * | argument                 | why                                                                                     |
 * |--------------------------|-----------------------------------------------------------------------------------------|
 * | x-queue-type             | a confirmed message is on the disks of a majority                                       |
 * | x-single-active-consumer | the next owner gets nothing before what the last one left unacknowledged is back in place |
 * | x-delivery-limit         | none, as a number that every version takes: what is poison is decided by content, never by a count |
 */
const QUEUE_ARGUMENTS = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true, 'x-delivery-limit': 2 ** 31 - 1 } as const

/** Makes exchange, queues and bindings that are not there. Throws `UnusableBroker` when what is there is different. */
export async function declarePartitions(channel: Channel, names: Names, partitions: readonly number[]): Promise<void> {
  await declaring(`the exchange ${names.exchange}`, channel.exchangeDeclare({ exchange: names.exchange, type: 'direct', durable: true }))
  for (const partition of partitions) {
    const queue = names.queueOf(partition)
    await declaring(`the queue ${queue}`, channel.queueDeclare({ queue, durable: true, arguments: QUEUE_ARGUMENTS }))
    await declaring(`the binding of ${queue}`, channel.queueBind({ exchange: names.exchange, queue, routingKey: names.routingKeyOf(partition) }))
  }
}

/**
 * All partitions, and behind them a queue that nobody uses. A node writes down which queues it has made, the newest one only
 * with the next or some seconds later; after kill -9 in between it has lost that one with all that was confirmed in it (seen
 * with RabbitMQ 3.10). So the newest one must be without worth.
 */
export async function declareAll(channel: Channel, names: Names, partitions: readonly number[]): Promise<void> {
  await declarePartitions(channel, names, partitions)
  await declaring(`the queue ${names.lastQueue}`, channel.queueDeclare({ queue: names.lastQueue, durable: true, arguments: QUEUE_ARGUMENTS }))
}

const declaring = (what: string, declaration: Promise<unknown>) => declaration.catch((error: unknown) => {
  throw unusable(error, what) ?? error
})
