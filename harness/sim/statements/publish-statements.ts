import { PUBLISH_LOCKS } from '@tidings/server/db/advisory-locks.ts'
import { lockAdvisory, lockRow, locking, type Model } from '../database/model.ts'
import { EVENTS, EVENT_UUIDS, placeKey, type EventRow } from '../database/schema.ts'
import { serverError } from '../database/server-error.ts'

/** The statement of server/broker/inbox.ts that writes: the function `publish_records` of the newest migration. */
export const publishStatements = (onNotify: () => void): readonly Model[] => [
  locking<PublishValues>('publish_records', 'select publish_records(', function* (tx, ...values) {
    const [notifies] = values
    const rows = recordsOf(values)
    const partitions = [...new Set(rows.map(({ partition }) => partition))].sort((a, b) => a - b)
    for (const partition of partitions) yield* lockAdvisory(PUBLISH_LOCKS, partition)
    const placed = rows.map((row) => ({ ...row, position: tx.nextValue('event_position') }))
    for (const row of placed.toSorted(byUuid)) {
      yield* lockRow(EVENT_UUIDS, row.uuid)
      if (tx.get(EVENT_UUIDS, row.uuid)) continue
      yield* lockRow(EVENTS, placeKey(row.partition, row.position))
      tx.put(EVENT_UUIDS, { uuid: row.uuid, partition: row.partition, position: row.position })
      tx.put(EVENTS, row)
    }
    if (notifies) tx.onCommit(onNotify)
    return rows.flatMap((row, at) => {
      const stored = tx.get(EVENT_UUIDS, row.uuid)
      const event = stored && tx.get(EVENTS, placeKey(stored.partition, stored.position))
      const isOther = row.contentHash !== null && event?.contentHash !== null && event?.contentHash !== row.contentHash
      return isOther ? [{ place: at + 1 }] : []
    })
  }),
]

type PublishValues = [
  notifies: boolean,
  partitions: number[],
  uuids: string[],
  kinds: string[],
  formats: number[],
  tenants: string[],
  seriesKeys: (string | null)[],
  type1s: (string | null)[],
  type2s: (string | null)[],
  type3s: (string | null)[],
  subjects: (string | null)[],
  endFlags: boolean[],
  deletionFlags: boolean[],
  received: string[],
  bodies: Buffer,
  seqOffsets: number[],
  bodySizes: number[],
  contentHashes: (string | null)[],
]

const byUuid = (a: EventRow, b: EventRow) => (a.uuid < b.uuid ? -1 : a.uuid > b.uuid ? 1 : a.position - b.position)

function recordsOf(values: PublishValues): Omit<EventRow, 'position'>[] {
  const [, partitions, uuids, kinds, formats, tenants, seriesKeys, type1s, type2s, type3s, subjects] = values
  const [endFlags, deletionFlags, received, bodies, seqOffsets, bodySizes, contentHashes] = values.slice(11) as [
    boolean[],
    boolean[],
    string[],
    Buffer,
    number[],
    number[],
    (string | null)[],
  ]
  const texts = textsOf(bodies)
  return partitions.map((partition, at) => ({
    partition,
    uuid: of(uuids, at),
    kind: of(kinds, at),
    format: of(formats, at),
    tenant: of(tenants, at),
    seriesKey: of(seriesKeys, at),
    type: [of(type1s, at), of(type2s, at), of(type3s, at)],
    subject: of(subjects, at),
    endsSeries: of(endFlags, at),
    deletesSubscriptions: of(deletionFlags, at),
    received: Date.parse(of(received, at)),
    body: of(texts, at),
    seqOffset: of(seqOffsets, at),
    bodyBytes: of(bodySizes, at),
    contentHash: of(contentHashes, at),
  }))
}

function of<T>(values: readonly T[], at: number): T {
  const value = values[at]
  if (value === undefined) throw serverError('22004', 'an array is too short')
  return value
}

/** Reads a text[] in binary form, as server/db/text-array.ts writes it. */
function textsOf(array: Buffer): string[] {
  const texts: string[] = []
  for (let at = 20; at < array.length;) {
    const bytes = array.readInt32BE(at)
    texts.push(array.toString('utf8', at + 4, at + 4 + bytes))
    at += 4 + bytes
  }
  return texts
}
