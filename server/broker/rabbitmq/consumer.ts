import { createPartitionConsumer, type PartitionConsumer, type PartitionConsumerDeps } from './partition-consumer.ts'
import { createPump, type PumpDeps } from './pump.ts'

/** The same for all partitions. */
export type ConsumerDeps = Omit<PartitionConsumerDeps, 'partition' | 'onArrival'> & Omit<PumpDeps, 'sources'>

/** The queues of the partitions that this process owns, and the way from them into the inbox. */
export interface Consumer {
  /** See `Broker`. */
  assign(partitions: readonly number[]): Promise<void>
  /** Of all partitions, or of some, which are named. */
  problems(): string[]
  start(): void
  stop(): Promise<void>
}

export function createConsumer(deps: ConsumerDeps): Consumer {
  const consumers = new Map<number, PartitionConsumer>()
  const releasing = new Set<Promise<unknown>>()
  const pump = createPump({ ...deps, sources: consumers })

  function release(partition: number, consumer: PartitionConsumer): void {
    consumers.delete(partition)
    const released = Promise.all([consumer.stop(), pump.idle(partition)]).finally(() => releasing.delete(released))
    releasing.add(released)
  }

  function addConsumer(partition: number): void {
    const consumer = createPartitionConsumer({ ...deps, partition, onArrival: pump.wake })
    consumers.set(partition, consumer)
    consumer.start()
  }

  async function assign(partitions: readonly number[]): Promise<void> {
    for (const [partition, consumer] of consumers) if (!partitions.includes(partition)) release(partition, consumer)
    for (const partition of partitions) if (!consumers.has(partition)) addConsumer(partition)
    await Promise.all(releasing)
  }

  return {
    assign,
    problems() {
      if (consumers.size === 0) return []
      const problem = deps.connection.problem()
      return problem === undefined
        ? [...[...consumers.values()].flatMap((consumer) => consumer.problem() ?? []), ...pump.problems()]
        : [problem]
    },
    start: pump.start,
    async stop() {
      await assign([])
      await pump.stop()
    },
  }
}
