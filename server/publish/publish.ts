import type { EventInput, EventSeries } from '@tidings/contract/event.ts'
import type { GroupWriter } from './group.ts'
import { endOfSeriesRecord, eventRecord } from './record.ts'

/** On whose behalf something is published. */
export interface PublishContext {
  /** Tenant of the event. */
  readonly tenant: string
  /** Becomes `event.user`. */
  readonly user: string
  /** Name of the publishing service; scopes idempotency keys. */
  readonly service: string
  /** Tenant that signed for the service, unless it is the one that the services of this site have their tokens from: services of other sites may have the same names. */
  readonly foreignSigner?: string | undefined
  /** The uuid follows from it, so what is published again is stored once. */
  readonly idempotencyKey?: string | undefined
  /** What comes again under the key means the same by itself, though perhaps not to the letter: it is not compared. */
  readonly contentMayDiffer?: boolean
}

/** The first stage of an event's way. Both calls resolve when the broker has the record durably, and reject with an `AppError` otherwise: NTFAPI_IDEMPOTENCY_KEY_REUSED (422) when the key stands for another content. */
export interface Publish {
  /** Answers with the event's uuid. */
  event(event: EventInput, context: PublishContext): Promise<{ uuid: string }>
  endSeries(series: EventSeries, context: PublishContext): Promise<void>
}

export interface PublishParts {
  readonly writer: Pick<GroupWriter, 'submit'>
  readonly partitions: number
  /** The database's clock: `received` is compared with what the database has stored. */
  readonly now: () => Date
}

/** Stamps records and hands them to the group writer. */
export function createPublish({ writer, partitions, now }: PublishParts): Publish {
  return {
    async event(event, context) {
      const record = eventRecord(event, context, partitions, now())
      await writer.submit(record, 'NTFAPI_EVENT_POST_ERR')
      return { uuid: record.uuid }
    },
    async endSeries(series, context) {
      await writer.submit(endOfSeriesRecord(series, context, partitions, now()), 'NTFAPI_EVENT_ENDSERIES_ERR')
    },
  }
}
