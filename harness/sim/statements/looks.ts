import { reading, zip, type Model } from '../database/model.ts'
import {
  CURSORS,
  EVENTS,
  LANES,
  NOTIFICATIONS,
  SERIES,
  SUBSCRIPTIONS,
  TARGETS,
  laneKey,
  placeKey,
} from '../database/schema.ts'
import { xminOf } from '../database/xids.ts'

/** The statements that only look: of server/dispatch/take.ts and server/lanes/looks.ts. None takes a lock. */
export const looks: readonly Model[] = [
  reading<[partitions: number[], maxBytes: number, maxBytesAgain: number, limit: number]>(
    'takeRecords',
    'as "lastNumber"',
    (tx, partitions, maxBytes, _maxBytesAgain, limit) =>
      partitions
        .flatMap((partition) => {
          const cursor = tx.get(CURSORS, String(partition))?.position ?? 0
          return tx
            .scan(EVENTS, String(partition))
            .filter(({ position }) => position > cursor)
            .sort((a, b) => a.position - b.position)
            .slice(0, limit)
            .map((event) => ({ cursor, event }))
        })
        .sort((a, b) => a.event.position - b.event.position)
        .map(({ cursor, event }) => {
          const { partition, position, uuid, kind, format, seriesKey, endsSeries, deletesSubscriptions } = event
          const hasText = event.kind === 'event' && event.bodyBytes <= maxBytes
          return {
            ...{ partition, cursor, position, uuid, kind, format, seriesKey, endsSeries, deletesSubscriptions },
            hasType: event.type.every((section) => section !== null),
            lastNumber: seriesKey === null ? null : (tx.get(SERIES, seriesKey)?.number ?? null),
            body: hasText ? event.body : null,
            seqOffset: hasText ? event.seqOffset : null,
            bodyBytes: event.bodyBytes,
          }
        }),
  ),
  reading<[partitions: number[], positions: number[]]>('readTexts', 'limit 1) as text', (tx, partitions, positions) =>
    zip(partitions, positions).flatMap(([partition, position]) => {
      const event = tx.get(EVENTS, placeKey(partition, position))
      if (!event) return []
      const { uuid, body, seqOffset, deletesSubscriptions } = event
      return [{ position, uuid, body, seqOffset, deletesSubscriptions }]
    }),
  ),
  reading<[ids: number[]]>('readTargets', 'as "isCancelled"', (tx, ids) =>
    ids.flatMap((id) => {
      const target = tx.get(TARGETS, String(id))
      const owner = target && tx.get(SUBSCRIPTIONS, String(target.subscriptionId))
      if (!target || !owner) return []
      const { method, address, addressKey } = target
      const isCancelled = owner.endReason === 'deleted'
      return [
        { targetId: id, method, address, addressKey, subscriptionName: owner.name, tenant: owner.tenant, isCancelled },
      ]
    }),
  ),
  reading<[seen: string | null]>('readDeletions', 'pg_snapshot_xmin(', (tx, seen) => {
    const snapshot = tx.snapshot()
    const from = seen === null ? Infinity : xminOf(seen)
    const targetIds = tx
      .all(SUBSCRIPTIONS)
      .filter(({ endReason, endedXid }) => endReason === 'deleted' && endedXid !== null && endedXid >= from)
      .flatMap(({ id }) => tx.scan(TARGETS, String(id)).map((target) => target.id))
    return targetIds.length === 0
      ? [{ seen: snapshot, targetId: null }]
      : targetIds.map((targetId) => ({ seen: snapshot, targetId }))
  }),
  reading<[partitions: number[]]>('readCursors', 'cursor.settled_below as "settledBelow"', (tx, partitions) =>
    partitions.flatMap((id) => {
      const row = tx.get(CURSORS, String(id))
      return row ? [{ partition: id, cursor: row.position, settledBelow: row.settledBelow }] : []
    }),
  ),
  reading<[format: string, partition: number, after: number, limit: number]>(
    'readUnsettled',
    'rows with ties) as waiting',
    (tx, _format, partition, after, limit) => {
      const waiting = tx
        .all(NOTIFICATIONS)
        .filter((row) => row.partition === partition && row.position > after && row.settled === null)
        .sort((a, b) => a.position - b.position)
      const last = waiting[limit - 1]?.position ?? Infinity
      return waiting
        .filter(({ position }) => position <= last)
        .map(({ position, targetId, laneSeries, uuid, number, created }) => ({
          ...{ partition, position, targetId, laneSeries, uuid, number },
          created: new Date(created).toISOString(),
          ageMs: tx.startedAt - created,
          isCold: tx.get(LANES, laneKey(targetId, laneSeries)) !== undefined,
        }))
    },
  ),
]
