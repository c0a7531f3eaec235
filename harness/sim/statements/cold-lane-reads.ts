import { reading, zip, type Model } from '../database/model.ts'
import { LANES, PARTITIONS, laneKey, type LaneRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'
import { waitingIn } from './cold-lanes.ts'

type PairValues = [partitions: number[], addressKeys: string[], limits: number[], method: string]

/** The statements of server/lanes/due-lanes.ts that look for work. None takes a lock. */
export const coldLaneReads: readonly Model[] = [
  reading<PairValues>('findDueLanes', 'limit asked.max_lanes) as cold', (tx, partitions, addressKeys, limits, method) =>
    zip(partitions, addressKeys).flatMap(([partition, addressKey], at) =>
      lanesOf(tx, method, partition, addressKey)
        .filter(({ due }) => due <= tx.startedAt)
        .slice(0, limits[at])
        .map(({ targetId, laneSeries, head }) => ({ targetId, laneSeries, partition, addressKey, position: head })),
    ),
  ),
  reading<PairValues>('readNextDue', 'limit asked.max_lanes) as next', (tx, partitions, addressKeys, limits, method) =>
    zip(partitions, addressKeys).flatMap(([partition, addressKey], at) =>
      lanesOf(tx, method, partition, addressKey)
        .slice(0, limits[at])
        .map(({ targetId, laneSeries, due }) => ({
          targetId,
          laneSeries,
          partition,
          addressKey,
          inMs: due - tx.startedAt,
        })),
    ),
  ),
  reading<[partitions: number[], method: string]>('scanPairs', 'with recursive pair', (tx, partitions, method) =>
    partitions.flatMap((partition) => {
      const earliest = new Map<string, number>()
      for (const lane of tx.scan(LANES, String(partition)))
        if (lane.method === method)
          earliest.set(lane.addressKey, Math.min(lane.due, earliest.get(lane.addressKey) ?? Infinity))
      return [...earliest].map(([addressKey, due]) => ({ partition, addressKey, inMs: due - tx.startedAt }))
    }),
  ),
  reading<
    [
      format: string,
      targetIds: number[],
      laneSeries: string[],
      partitions: number[],
      epochs: number[],
      ownerId: string,
      perLane: number,
    ]
  >('readWaiting', 'as waiting on true', (tx, _format, targetIds, laneSeries, partitions, epochs, ownerId, perLane) =>
    zip(targetIds, laneSeries).flatMap(([targetId, series], at): object[] => {
      const owned = tx.get(PARTITIONS, String(partitions[at]))
      const lane = tx.get(LANES, laneKey(targetId, series))
      if (owned?.owner !== ownerId || owned.epoch !== epochs[at] || !lane || lane.due > tx.startedAt) return []
      const of = { targetId, laneSeries: series, partition: lane.partition, attempts: lane.attempts }
      const waiting = waitingIn(tx, targetId, series, perLane)
      if (waiting.length === 0) return [{ ...of, position: null, uuid: null, number: null, created: null, ageMs: null }]
      return waiting.map(({ position, uuid, number, created }) => ({
        ...of,
        position,
        uuid,
        number,
        created: new Date(created).toISOString(),
        ageMs: tx.startedAt - created,
      }))
    }),
  ),
]

const lanesOf = (tx: Transaction, method: string, partition: number, addressKey: string): LaneRow[] =>
  tx
    .scan(LANES, String(partition))
    .filter((lane) => lane.method === method && lane.addressKey === addressKey)
    .sort((a, b) => a.due - b.due)
