import { setTimeout as delay } from 'node:timers/promises'
import type { RabbitMqNode } from '../rabbitmq-node.ts'

/** RabbitMQ counts the messages of a quorum queue every 5 s. */
const COUNT_LAG_MS = 12_000
const POLL_MS = 500

/** Returns one line for each queue that is not empty. Waits up to 12 s until all are. */
export async function leftInQueues(node: RabbitMqNode): Promise<string[]> {
  const giveUpAt = performance.now() + COUNT_LAG_MS
  for (;;) {
    const left = notEmpty(await node.rabbitmqctl('list_queues', 'name', 'messages', '--no-table-headers'))
    if (left.length === 0 || performance.now() > giveUpAt) return left
    await delay(POLL_MS)
  }
}

/** `listed`: `name<tab>messages` a line. */
const notEmpty = (listed: string) =>
  listed
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([name = '', count = '0']) => name !== '' && Number(count) !== 0)
    .map(([name = '', count = '']) => `left in RabbitMQ: ${count} messages in ${name}`)
