import { reading, zip, type Model } from '../database/model.ts'
import { LANES, PARTITIONS, laneKey, type LaneRow } from '../database/schema.ts'
import type { Transaction } from '../database/tables.ts'
import { waitingIn } from './cold-lanes.ts'

type PairValues = [
  partitions: number[],
  addressKeys: string[],
  limits: number[],
  wokenAt: (string | null)[],
  method: string,
]

/** The statements of server/lanes/due-lanes.ts that look for work. None takes a lock. */
export const coldLaneReads: readonly Model[] = [
  reading<PairValues>('findDueLanes', 'limit asked.max_lanes)) as cold', (tx, partitions, addressKeys, ...values) =>
    zip(partitions, addressKeys).flatMap(([partition, addressKey], at) => {
      const [limits, wokenAt, method] = values
      const lanes = lanesOf(tx, method, partition, addressKey)
      const due = lanes.filter((lane) => lane.due <= tx.startedAt).slice(0, limits[at])
      return [...due, ...wokenOf(lanes, wokenAt[at]).slice(0, limits[at])]
        .sort((a, b) => a.due - b.due)
        .map(({ targetId, laneSeries, head }) => ({ targetId, laneSeries, partition, addressKey, position: head }))
    }),
  ),
  reading<PairValues>('readNextDue', 'limit asked.max_lanes)) as next', (tx, partitions, addressKeys, ...values) =>
    zip(partitions, addressKeys).flatMap(([partition, addressKey], at) => {
      const [limits, wokenAt, method] = values
      const lanes = lanesOf(tx, method, partition, addressKey)
      const woken = wokenOf(lanes, wokenAt[at]).slice(0, limits[at])
      return [
        ...lanes.slice(0, limits[at]),
        ...woken.map((lane) => ({ ...lane, due: Math.min(lane.due, tx.startedAt) })),
      ]
        .sort((a, b) => a.due - b.due)
        .map(({ targetId, laneSeries, due }) => ({
          targetId,
          laneSeries,
          partition,
          addressKey,
          inMs: due - tx.startedAt,
        }))
    }),
  ),
  reading<[targetId: number, laneSeries: string, limit: number]>(
    'readColdLanes',
    'where (lane.target_id, lane.lane_series) >',
    (tx, targetId, laneSeries, limit) =>
      tx
        .all(LANES)
        .filter((lane) => lane.targetId > targetId || (lane.targetId === targetId && lane.laneSeries > laneSeries))
        .sort((a, b) => a.targetId - b.targetId || (a.laneSeries < b.laneSeries ? -1 : 1))
        .slice(0, limit)
        .map(({ partition, addressKey, method, ...lane }) => ({
          targetId: lane.targetId,
          laneSeries: lane.laneSeries,
          partition,
          addressKey,
          method,
        })),
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
      wokenAt: (string | null)[],
      ownerId: string,
      perLane: number,
    ]
  >('readWaiting', 'as waiting on true', (tx, _format, targetIds, laneSeries, partitions, ...values) =>
    zip(targetIds, laneSeries).flatMap(([targetId, series], at): object[] => {
      const [epochs, wokenAt, ownerId, perLane] = values
      const owned = tx.get(PARTITIONS, String(partitions[at]))
      const lane = tx.get(LANES, laneKey(targetId, series))
      if (owned?.owner !== ownerId || owned.epoch !== epochs[at] || !lane) return []
      if (lane.due > tx.startedAt && wokenOf([lane], wokenAt[at]).length === 0) return []
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

/** Those that need not wait until they are due, first the ones that could be woken first. */
const wokenOf = (lanes: readonly LaneRow[], wokenAt: string | null | undefined): LaneRow[] =>
  typeof wokenAt !== 'string'
    ? []
    : lanes
        .filter(({ wakesAfter }) => (wakesAfter ?? Infinity) <= new Date(wokenAt).getTime())
        .sort((a, b) => (a.wakesAfter ?? 0) - (b.wakesAfter ?? 0))

const lanesOf = (tx: Transaction, method: string, partition: number, addressKey: string): LaneRow[] =>
  tx
    .scan(LANES, String(partition))
    .filter((lane) => lane.method === method && lane.addressKey === addressKey)
    .sort((a, b) => a.due - b.due)
