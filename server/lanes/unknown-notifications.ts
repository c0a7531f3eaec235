import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { laneKeyText, type PartitionLanes } from './lane-model.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'

const CHECK_INTERVAL_MS = 60_000
/** Positions that one check reads at most, of those of all partitions together: more than come in a minute. */
const MAX_SPAN = 500_000

/** What is read of a partition: behind `after`, up to `upTo`. */
interface Window {
  readonly home: PartitionLanes
  readonly after: number
  readonly upTo: number
}

/** A notification that is not settled, in a lane without a row: memory must have it. */
interface HotRow {
  readonly partition: number
  readonly position: number
  readonly targetId: number
  readonly laneSeries: string
}

export interface UnknownNotificationCheckDeps {
  readonly db: Database
  /** The partitions that this process has in memory. */
  readonly homes: ReadonlyMap<number, PartitionLanes>
  /** Has a partition read again. */
  readonly uncertain: (partitions: readonly number[]) => void
  readonly log: Log
}

export interface UnknownNotificationCheck extends Worker {
  /** Looks once. Returns how many notifications are unknown for the second time. Rejects with the database's error. */
  check(): Promise<number>
}

/**
 * The check of the invariant that nothing is lost in memory: whatever a partition of this process has dispatched and
 * not settled is in the queue of its lane, or its lane has a row. What is unknown at two checks is an error: it is
 * logged, and the partition is read again, which brings back what the stored watermark has not passed. Each check reads
 * on from where the one before knew everything to be settled or known.
 */
export function createUnknownNotificationCheck(deps: UnknownNotificationCheckDeps): UnknownNotificationCheck {
  const { db, homes, uncertain, log } = deps
  /** Of a partition, as long as it is ours: where to read on, and what was unknown before. */
  const progress = new WeakMap<PartitionLanes, { after: number; suspects: ReadonlySet<string> }>()

  async function check(): Promise<number> {
    const windows = [...homes.values()].filter(({ state }) => state === 'open').map(windowOf)
    if (windows.length === 0) return 0
    const epochs = new Map(windows.map(({ home }) => [home, home.epoch]))
    const rows = await readHotRows(db, windows)
    const found = windows
      .filter(({ home }) => home.state === 'open' && home.epoch === epochs.get(home))
      .flatMap((window) => judge(window, rows))
    if (found.length === 0) return 0
    const partitions = [...new Set(found.map(({ partition }) => partition))]
    log.error({ notifications: found.length, partitions, first: found[0] }, 'notifications were lost in memory')
    uncertain(partitions)
    return found.length
  }

  /** The watermark of the first window is where memory has begun: it only has what is behind it. */
  function windowOf(home: PartitionLanes): Window {
    const after = progress.get(home)?.after ?? home.watermark()
    return { home, after, upTo: Math.min(home.cursor, after + MAX_SPAN) }
  }

  /** Returns what is unknown for the second time, and remembers what is for the first. */
  function judge({ home, upTo }: Window, rows: readonly HotRow[]): HotRow[] {
    const unknown = rows.filter((row) => row.partition === home.partition && !isKnown(home, row))
    const before = progress.get(home)?.suspects
    const firstUnknown = Math.min(...unknown.map(({ position }) => position))
    progress.set(home, {
      after: Math.min(home.watermark(), upTo, firstUnknown - 1),
      suspects: new Set(unknown.map(nameOf)),
    })
    return unknown.filter((row) => before?.has(nameOf(row)) === true)
  }

  async function tick(): Promise<number> {
    await check()
    return CHECK_INTERVAL_MS
  }

  return { check, ...createLoop({ name: 'unknown-notifications', log, tick, restAfterErrorMs: CHECK_INTERVAL_MS }) }
}

const nameOf = (row: HotRow) => `${laneKeyText(row)} ${row.position}`

/** A lane that has a row, or is about to, leaves the rest of its notifications to the table. */
function isKnown(home: PartitionLanes, row: HotRow): boolean {
  const lane = home.lanes.get(laneKeyText(row))
  if (lane === undefined) return false
  return lane.isCold || lane.freeze !== undefined || lane.queue.some(({ position }) => position === row.position)
}

/** Returns what is not settled in these windows, in lanes without a row. */
const readHotRows = (db: Db, windows: readonly Window[]) =>
  db.query<HotRow>(sql`
    select recent.partition, recent.position, recent.target_id as "targetId", recent.lane_series as "laneSeries"
    from unnest(
      ${windows.map(({ home }) => home.partition)}::smallint[],
      ${windows.map(({ after }) => after)}::bigint[],
      ${windows.map(({ upTo }) => upTo)}::bigint[]) as held (partition, after, up_to)
    cross join lateral (
      select partition, position, target_id, lane_series from notification
      where notification.partition = held.partition
        and notification.position > held.after and notification.position <= held.up_to
        and notification.settled is null
      offset 0) as recent
    left join lateral (
      select true as has_row from lane
      where lane.target_id = recent.target_id and lane.lane_series = recent.lane_series
      limit 1) as cold on true
    where cold.has_row is null`)
