import type { EventRecord } from '@tidings/server/broker/broker.ts'
import { hashKey } from '@tidings/server/db/hash-key.ts'
import { partitionOf } from '@tidings/server/publish/record.ts'
import type { PlannedPublish } from './plan.ts'

const BEFORE_NUMBER = '{"number": '
const BODY = `${BEFORE_NUMBER}, "data": "${'x'.repeat(20)}"}`

const partitionKeys = new Map<string, string>()

/** The partition is chosen as the service does; keys and uuids are short, so that traces can be read. */
export function recordOf(planned: PlannedPublish, partitions: number, received: Date): EventRecord {
  const { uuid, tenant, subject, type, series, kind, endsSeries, deletesSubscriptions } = planned
  const name = series === null ? uuid : `${tenant}.${series}`
  const key = partitionKeys.get(name) ?? hashKey(name)
  partitionKeys.set(name, key)
  return {
    partition: partitionOf(key, partitions),
    uuid,
    contentHash: uuid,
    kind,
    tenant,
    seriesKey: series === null ? null : name,
    type: kind === 'event' ? ['job', 'changed', type] : null,
    subject: kind === 'event' ? subject : null,
    endsSeries,
    deletesSubscriptions,
    received,
    body: kind === 'event' ? BODY : '',
    seqOffset: kind === 'event' ? BEFORE_NUMBER.length : 0,
    bodyBytes: kind === 'event' ? BODY.length : 0,
  }
}
