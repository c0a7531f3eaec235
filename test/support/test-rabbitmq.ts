import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  findRabbitMq,
  startRabbitMqNode,
  type RabbitMqNode,
  type RabbitMqNodeOptions,
} from '@tidings/harness/rabbitmq-node.ts'

/** Whether tests with RabbitMQ run: wherever it is installed, and on CI in any case, where they fail without it. */
export const hasRabbitMq = findRabbitMq() !== undefined || process.env.CI === 'true'

if (!hasRabbitMq) console.warn('RabbitMQ is not installed here: the tests that need it are skipped')

/** A node of the test's own, in a new directory. Whoever starts it removes it. */
export const startOwnRabbitMq = async (options: Omit<RabbitMqNodeOptions, 'directory'> = {}): Promise<RabbitMqNode> =>
  startRabbitMqNode({ directory: await mkdtemp(join(tmpdir(), 'tidings-rabbitmq-')), ...options })

/** Lines of what rabbitmqctl lists. */
export const listed = async (node: RabbitMqNode, ...args: readonly string[]) =>
  (await node.rabbitmqctl(...args, '--no-table-headers')).trim().split('\n')
