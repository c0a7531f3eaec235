import type { Broker, EventRecord } from '../broker/broker.ts'
import type { Log } from '../log.ts'
import { createBatchWriter, type BatchWriter } from './batch-writer.ts'
import { BATCH_LIMITS, type BatchLimits } from './pending-publishes.ts'
import type { PublishError } from './publish-error.ts'
import { groupBy } from '../runtime/group-by.ts'

/** A write is one message. */
export const MESSAGE_LIMITS: BatchLimits = { ...BATCH_LIMITS, batchBytes: 256 * 1024 }

export interface PartitionWritersDeps {
  readonly broker: Pick<Broker, 'publish'>
  readonly log: Log
  readonly limits?: BatchLimits
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * A writer for a broker of queues: each partition has a batch writer of its own, with one write in flight. A write that
 * fails, or has no end, holds up its own partition and nothing else, and nothing of a tenant overtakes what is to be
 * written again.
 */
export function createPartitionWriters({
  broker,
  log,
  limits = MESSAGE_LIMITS,
  clock,
}: PartitionWritersDeps): BatchWriter {
  const writers = new Map<number, BatchWriter>()
  let isStarted = false

  /** Few processes publish to all partitions all the time. */
  function writerOf(partition: number): BatchWriter {
    const known = writers.get(partition)
    if (known) return known
    const target = `partition ${partition} of the broker`
    const writer = createBatchWriter({ broker, target, log, limits, ...(clock && { clock }) })
    writers.set(partition, writer)
    if (isStarted) writer.start()
    return writer
  }

  return {
    submit: (record, spentMs) => writerOf(record.partition).submit(record, spentMs),
    async submitAll(records, spentMs) {
      const outcomes = new Map<EventRecord, PublishError | undefined>()
      await Promise.all(
        [...groupBy(records, ({ partition }) => partition)].map(async ([partition, own]) => {
          const errors = await writerOf(partition).submitAll(own, spentMs)
          own.forEach((record, index) => outcomes.set(record, errors[index]))
        }),
      )
      return records.map((record) => outcomes.get(record))
    },
    start() {
      isStarted = true
      for (const writer of writers.values()) writer.start()
    },
    async stop() {
      await Promise.all([...writers.values()].map((writer) => writer.stop()))
    },
  }
}
