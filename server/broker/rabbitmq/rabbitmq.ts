import { readFile } from 'node:fs/promises'
import type { BrokerServer } from '../../config-broker.ts'
import type { Log } from '../../log.ts'
import { createOutageLog, type OutageLog } from '../../runtime/outage-log.ts'
import { UnusableBroker, type Broker } from '../broker.ts'
import { moveCursors } from '../inbox.ts'
import { createConsumer, type Consumer } from './consumer.ts'
import { unusable } from './faults.ts'
import { createLink, type Link } from './link.ts'
import { namesOf } from './names.ts'
import { prefetchOf } from './prefetch.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { refuseOldServer } from './server-version.ts'

export interface RabbitMqBrokerParts {
  readonly server: BrokerServer
  /** File with the authorities that sign the broker's certificate; undefined: the usual ones. */
  readonly caFile: string | undefined
  readonly installationId: string
  readonly partitions: number
  /** Records have arrived for partitions that are held. */
  readonly onArrival: () => void
  /** The database's clock. */
  readonly now: () => Date
  readonly log: Log
}

interface Parts {
  /** Apart from the other: a broker that is short of memory or disk stops reading from connections that publish. */
  readonly publishLink: Link
  readonly consumeLink: Link
  readonly publisher: Publisher
  readonly consumer: Consumer
  readonly outages: OutageLog
}

/**
 * RabbitMQ as broker: a durable queue for each partition in front of the inbox. What a queue delivers is written into the inbox
 * by the dispatch transaction itself and acknowledged after its commit, so numbering, matching and "seen before" are the
 * database's, and a record that is delivered twice is dropped.
 */
export function createRabbitMqBroker(parts: RabbitMqBrokerParts): Broker {
  let running: Parts | undefined
  const inUse = () => {
    if (!running) throw new Error('the broker was not started')
    return running
  }

  async function stop(): Promise<void> {
    const stopping = running
    if (!stopping) return
    await stopping.consumer.hold([])
    await stopping.publisher.stop()
    await Promise.all([stopping.consumeLink.close(), stopping.publishLink.close()])
    stopping.outages.end()
  }

  return {
    publish: (records) => inUse().publisher.publish(records),
    take: (tx, partitions, limitPerPartition) => inUse().consumer.take(tx, partitions, limitPerPartition),
    advance: moveCursors,
    committed: (partitions) => running?.consumer.committed(partitions),
    hold: (partitions) => running?.consumer.hold(partitions) ?? Promise.resolve(),
    trouble: () => (running ? running.publisher.trouble() ?? running.consumer.trouble() : 'not started'),
    isCutOff: () => running?.consumeLink.trouble() !== undefined,
    async start() {
      if (running) return
      const authorities = await readAuthorities(parts.caFile)
      await refuseOldServer(parts.server, authorities)
      running = connectParts(parts, authorities)
      await begin(running).catch(async (error: unknown) => {
        await stop()
        throw error
      })
    },
    stop,
  }
}

const readAuthorities = (file: string | undefined) => (file === undefined ? Promise.resolve(undefined) : readFile(file, 'utf8').catch((error: unknown) => {
  throw new UnusableBroker(`BROKER_CA_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`)
}))

function connectParts({ server, installationId, partitions, onArrival, now, log }: RabbitMqBrokerParts, ca: string | undefined): Parts {
  const names = namesOf(installationId)
  const outages = createOutageLog({ log, fields: { loop: 'rabbitmq' }, away: 'failing, will be retried', still: 'still failing, is retried', back: 'recovered' })
  const publishLink = createLink({ server, ca, name: 'publish', onStalled: (error) => publisher.stalled(error), outages, log })
  const consumeLink = createLink({ server, ca, name: 'consume', outages, log })
  const publisher = createPublisher({ link: publishLink, names, partitions: Array.from({ length: partitions }, (_, id) => id), log })
  return { publishLink, consumeLink, outages, publisher, consumer: createConsumer({ link: consumeLink, names, prefetch: prefetchOf(partitions), onArrival, now, log }) }
}

/** A broker that is away is waited for in the background; one that refuses this service ends the start. */
async function begin({ publishLink, consumeLink, publisher }: Parts): Promise<void> {
  const [failure] = await Promise.all([publishLink.open(), consumeLink.open()])
  const refusal = failure && unusable(failure, 'the connection that BROKER_URL asks for')
  if (refusal) throw refusal
  publisher.start()
  const fault = failure ? undefined : await publisher.opened()
  if (fault instanceof UnusableBroker) throw fault
}
