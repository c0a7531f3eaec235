import { once } from 'node:events'
import { connect } from 'node:net'
import { versionIn } from '@tidings/server/broker/rabbitmq/server-version.ts'
import { queueNamesOf } from '@tidings/server/broker/rabbitmq/queue-names.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { runWithin } from '@tidings/server/runtime/within.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { Connection } from 'rabbitmq-client'
import { isThisMachine, processListeningOn } from './listening-process.ts'
import { queryOn } from './bench-postgres.ts'

const ANSWER_LIMIT_MS = 3000
const DEFAULT_PORT = 5672
/** What a client sends first (AMQP 0-9-1, 4.2.2). */
const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')

/** Returns the version of the RabbitMQ at this address; undefined if none responds. */
export async function rabbitMqVersion(url: string): Promise<string | undefined> {
  const socket = connect({ host: new URL(url).hostname, port: portOf(url) })
  try {
    return await runWithin(ANSWER_LIMIT_MS, async (signal) => {
      await once(socket, 'connect', { signal })
      socket.write(PROTOCOL_HEADER)
      const [frame] = (await once(socket, 'data', { signal })) as [Buffer]
      return versionIn(frame)
    })
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

/** Returns the process of a RabbitMQ on this machine. */
export function rabbitMqProcess(url: string): Promise<number | undefined> {
  return isThisMachine(new URL(url).hostname) ? processListeningOn(portOf(url)) : Promise.resolve(undefined)
}

/** What an installation has made at the broker. */
export interface InstallationQueues {
  readonly exchange: string
  readonly queues: readonly string[]
}

/** `databaseUrl`: the installation's. */
export async function queuesOf(databaseUrl: string): Promise<InstallationQueues> {
  const [installation] = await queryOn<{ id: string; partitions: number }>(
    databaseUrl,
    `select id, partition_count as partitions from ${SCHEMA}.installation`,
  )
  const { id, partitions } = required(installation, 'a service that is ready has its installation')
  const names = queueNamesOf(id)
  const queues = Array.from({ length: partitions }, (_, partition) => names.queueOf(partition))
  return { exchange: names.exchange, queues: [...queues, names.lastQueue] }
}

export async function removeQueues(url: string, { exchange, queues }: InstallationQueues): Promise<void> {
  const connection = new Connection(url)
  try {
    for (const queue of queues) await connection.queueDelete({ queue })
    await connection.exchangeDelete({ exchange })
  } finally {
    await connection.close()
  }
}

function portOf(url: string): number {
  const { port } = new URL(url)
  return port === '' ? DEFAULT_PORT : Number(port)
}
