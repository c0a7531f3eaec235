import type { EventBatchItem, EventInput, EventSeries } from '@tidings/contract/event.ts'
import type { BatchWriter } from './batch-writer.ts'
import type { PublishContext } from './publish-context.ts'
import type { PublishError } from './publish-error.ts'
import { chained, endOfSeriesRecord, eventRecord } from './record.ts'

/**
 * The first stage of an event. A call for one record resolves when the broker has stored it durably, and rejects with
 * a `PublishError` otherwise.
 */
export interface Publish {
  /** Returns the event's uuid. */
  event(event: EventInput, context: PublishContext): Promise<{ uuid: string }>
  endSeries(series: EventSeries, context: PublishContext): Promise<void>
  /**
   * Publishes events together, in their order, and resolves when each has its outcome. An event that was not stored
   * keeps the later ones of its series out.
   */
  events(items: readonly EventBatchItem[], context: BatchContext): Promise<readonly PublishOutcome[]>
}

/** Who publishes a batch; each item has its own key. */
export type BatchContext = Omit<PublishContext, 'idempotencyKey' | 'contentMayDiffer'>

export interface PublishOutcome {
  readonly uuid: string
  /** Undefined: the event is stored. */
  readonly error: PublishError | undefined
}

export interface PublishDeps {
  readonly writer: Pick<BatchWriter, 'submit' | 'submitAll'>
  readonly partitions: number
  /** The database's clock: `received` is compared with what the database has stored. */
  readonly now: () => Date
}

/** Turns events into records and hands them to the batch writer. */
export function createPublish({ writer, partitions, now }: PublishDeps): Publish {
  return {
    async event(event, context) {
      const record = eventRecord(event, context, partitions, now())
      await writer.submit(record, context.waitedMs)
      return { uuid: record.uuid }
    },
    async endSeries(series, context) {
      await writer.submit(endOfSeriesRecord(series, context, partitions, now()), context.waitedMs)
    },
    async events(items, context) {
      const received = now()
      const records = chained(
        items.map(({ event, idempotencyKey }) =>
          eventRecord(event, { ...context, idempotencyKey: idempotencyKey ?? undefined }, partitions, received),
        ),
      )
      const errors = await writer.submitAll(records, context.waitedMs)
      return records.map(({ uuid }, index) => ({ uuid, error: errors[index] }))
    },
  }
}
