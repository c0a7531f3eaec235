import { isObject } from '@tidings/contract/is-object.ts'
import { instantText, withSeqCount } from '@tidings/contract/event-text.ts'
import type { StoredEvent } from '@tidings/contract/sight.ts'
import type { EventRow } from './event-row.ts'

export type EventTextRow = Pick<
  EventRow,
  'uuid' | 'tenant' | 'type1' | 'type2' | 'type3' | 'received' | 'seqOffset' | 'number'
> & { readonly body: string }

/** Returns the event of a row. Its number is null until it is dispatched. */
export function storedEvent(row: EventTextRow, { withData }: { readonly withData: boolean }): StoredEvent {
  const parsed: unknown = JSON.parse(withSeqCount(row.body, row.seqOffset, row.number ?? 0))
  const text = isObject(parsed) ? parsed : {}
  const textOrNull = (member: string) => {
    const value = text[member]
    return typeof value === 'string' ? value : null
  }
  return {
    uuid: row.uuid,
    tenant: row.tenant,
    user: textOrNull('user'),
    source: textOrNull('source'),
    type: [row.type1, row.type2, row.type3].join('.'),
    subject: textOrNull('subject'),
    seriesId: textOrNull('seriesId'),
    seriesSeqCount: row.number,
    timestamp: textOrNull('timestamp'),
    received: instantText(row.received),
    endSeries: text.endSeries === true,
    deleteSubscriptionsMatchingSubject: text.deleteSubscriptionsMatchingSubject === true,
    data: withData ? textOrNull('data') : null,
    isDataShown: withData,
  }
}
