import { readFile } from 'node:fs/promises'
import type { BrokerServer } from '../../config/broker-url.ts'
import type { Database } from '../../db/database.ts'
import type { OwnedPartitions } from '../../db/fence.ts'
import type { Log } from '../../log.ts'
import { createOutageLog, type OutageLog } from '../../runtime/outage-log.ts'
import { BrokerError, UnusableBroker, type Broker, type EventRecord } from '../broker.ts'
import { createConsumer, type Consumer } from './consumer.ts'
import { unusableBroker } from './broker-errors.ts'
import { createBrokerConnection, type BrokerConnection } from './broker-connection.ts'
import { queueNamesOf } from './queue-names.ts'
import { prefetchOf } from './prefetch.ts'
import { createPublisher, type Publisher } from './rabbitmq-publisher.ts'
import { rejectOldServer } from './server-version.ts'

export interface RabbitMqBrokerDeps {
  readonly server: BrokerServer
  /** File with the authorities that sign the broker's certificate; undefined: the default ones. */
  readonly caFile: string | undefined
  readonly installationId: string
  readonly partitions: number
  /** For the inserts into the inbox; see `PumpDeps`. */
  readonly db: Pick<Database, 'query'>
  readonly owned: () => OwnedPartitions
  /** Records of owned partitions are in the inbox. */
  readonly onStored: (partitions: ReadonlySet<number>) => void
  /** This version cannot read the next record of this partition. */
  readonly onNewerFormat: (partition: number) => void
  /** The database's clock. */
  readonly now: () => Date
  readonly log: Log
}

interface RunningBroker {
  /** Separate: a broker that is short of memory or disk stops reading from connections that publish. */
  readonly publishConnection: BrokerConnection
  readonly consumeConnection: BrokerConnection
  readonly publisher: Publisher
  readonly consumer: Consumer
  readonly outages: OutageLog
}

/** Problems that are told at once; those of all partitions have the same cause. */
const MAX_PROBLEMS = 3

/** Contents in a queue cannot be compared. */
const NONE: ReadonlySet<EventRecord> = new Set()

/**
 * RabbitMQ as broker: a durable queue for each partition in front of the inbox. What a queue delivers is inserted into
 * the inbox and then acknowledged. So numbering, matching and deduplication happen in the database, and a record that
 * is delivered twice is dropped.
 */
export function createRabbitMqBroker(deps: RabbitMqBrokerDeps): Broker {
  let running: RunningBroker | undefined

  async function stop(): Promise<void> {
    const stopping = running
    if (!stopping) return
    await stopping.consumer.stop()
    await stopping.publisher.stop()
    await Promise.all([stopping.consumeConnection.close(), stopping.publishConnection.close()])
    stopping.outages.end()
  }

  return {
    async publish(records) {
      if (!running) throw new BrokerError('not_stored', new Error('the broker was not started'))
      await running.publisher.publish(records)
      return NONE
    },
    assign: (partitions) => running?.consumer.assign(partitions) ?? Promise.resolve(),
    problem: () =>
      running ? oneText([...running.publisher.problems(), ...running.consumer.problems()]) : 'not started',
    isDisconnected: () => running?.consumeConnection.problem() !== undefined,
    async start() {
      if (running) return
      const authorities = await readAuthorities(deps.caFile)
      await rejectOldServer(deps.server, authorities)
      running = createRunningBroker(deps, authorities)
      await open(running).catch(async (error: unknown) => {
        await stop()
        throw error
      })
    },
    stop,
  }
}

/** Undefined: there is none. */
function oneText(problems: readonly string[]): string | undefined {
  const told = [...new Set(problems)]
  if (told.length === 0) return undefined
  const others = told.length - MAX_PROBLEMS
  return [...told.slice(0, MAX_PROBLEMS), ...(others > 0 ? [`${others} more`] : [])].join('; ')
}

const readAuthorities = (file: string | undefined) =>
  file === undefined
    ? Promise.resolve(undefined)
    : readFile(file, 'utf8').catch((error: unknown) => {
        throw new UnusableBroker(
          `BROKER_CA_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        )
      })

function createRunningBroker(
  { server, installationId, partitions, db, owned, onStored, onNewerFormat, now, log }: RabbitMqBrokerDeps,
  ca: string | undefined,
): RunningBroker {
  const names = queueNamesOf(installationId)
  const outages = createOutageLog({
    log,
    fields: { loop: 'rabbitmq' },
    began: 'failing, will be retried',
    ongoing: 'still failing, will be retried',
    ended: 'recovered',
  })
  const connect = (name: string, onStalled?: (error: Error) => void) =>
    createBrokerConnection({ server, ca, name, ...(onStalled && { onStalled }), outages, log })
  const publishConnection = connect('publish', (error) => publisher.failPending(error))
  const consumeConnection = connect('consume')
  const publisher = createPublisher({
    connection: publishConnection,
    names,
    partitions: Array.from({ length: partitions }, (_, id) => id),
    log,
  })
  const consumer = createConsumer({
    connection: consumeConnection,
    openOwn: (partition) =>
      createBrokerConnection({ server, ca, name: `consume partition ${partition}`, outages: NO_OUTAGES, log }),
    names,
    prefetch: prefetchOf(partitions),
    db,
    owned,
    onStored,
    onNewerFormat,
    now,
    log,
  })
  return { publishConnection, consumeConnection, outages, publisher, consumer }
}

/** The partition that needs such a connection reports what fails. */
const NO_OUTAGES = { failed: () => undefined, markHealthy: () => undefined }

/** Waits in the background for a broker that is away; one that rejects this service ends the start. */
async function open({ publishConnection, consumeConnection, publisher, consumer }: RunningBroker): Promise<void> {
  consumer.start()
  const [failure] = await Promise.all([publishConnection.open(), consumeConnection.open()])
  const rejection = failure && unusableBroker(failure, 'the connection that BROKER_URL asks for')
  if (rejection) throw rejection
  publisher.start()
  const openError = failure ? undefined : await publisher.firstOpened()
  if (openError instanceof UnusableBroker) throw openError
}
