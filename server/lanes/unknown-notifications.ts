import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { laneKeyText, type Lane, type PartitionLanes } from './lane-model.ts'
import type { Log } from '../log.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { groupBy } from '../runtime/group-by.ts'

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

/** Of a partition, as long as it is ours. */
interface Progress {
  /** Where to read on. */
  readonly after: number
  /** What was unknown at the last check for the first time. */
  readonly suspects: ReadonlySet<string>
  /** What was unknown twice. It is reported once: if a new read does not bring it back, another one will not either. */
  readonly reported: ReadonlySet<string>
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
 * logged, and the partition is read again once, which brings back what the stored watermark has not passed. Each check
 * reads on from where the one before knew everything to be settled or known.
 */
export function createUnknownNotificationCheck(deps: UnknownNotificationCheckDeps): UnknownNotificationCheck {
  const { db, homes, uncertain, log } = deps
  const progress = new WeakMap<PartitionLanes, Progress>()

  async function check(): Promise<number> {
    const windows = [...homes.values()].filter(({ state }) => state === 'open').map(windowOf)
    if (windows.length === 0) return 0
    const epochs = new Map(windows.map(({ home }) => [home, home.epoch]))
    const rows = groupBy(await readHotRows(db, windows), ({ partition }) => partition)
    const found = windows
      .filter(({ home }) => home.state === 'open' && home.epoch === epochs.get(home))
      .flatMap((window) => judge(window, rows.get(window.home.partition) ?? []))
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
    const { suspects, reported } = progress.get(home) ?? NONE
    const unknown = unknownOf(home, rows).filter((row) => !reported.has(nameOf(row)))
    const again = unknown.filter((row) => suspects.has(nameOf(row)))
    const first = unknown.filter((row) => !suspects.has(nameOf(row)))
    progress.set(home, {
      after: first.reduce((least, { position }) => Math.min(least, position - 1), Math.min(home.watermark(), upTo)),
      suspects: new Set(first.map(nameOf)),
      reported: again.length === 0 ? reported : new Set([...reported, ...again.map(nameOf)]),
    })
    return again
  }

  async function tick(): Promise<number> {
    await check()
    return CHECK_INTERVAL_MS
  }

  return { check, ...createLoop({ name: 'unknown-notifications', log, tick, restAfterErrorMs: CHECK_INTERVAL_MS }) }
}

const nameOf = (row: HotRow) => `${laneKeyText(row)} ${row.position}`

const NONE: Pick<Progress, 'suspects' | 'reported'> = { suspects: new Set(), reported: new Set() }

/** A lane that has a row, or is about to, leaves the rest of its notifications to the table. */
function unknownOf(home: PartitionLanes, rows: readonly HotRow[]): HotRow[] {
  /** Queues may be long, and are asked for each of their notifications. */
  const queued = new Map<Lane, ReadonlySet<number>>()
  function positionsOf(lane: Lane): ReadonlySet<number> {
    const known = queued.get(lane) ?? new Set(lane.queue.map(({ position }) => position))
    queued.set(lane, known)
    return known
  }
  return rows.filter((row) => {
    const lane = home.lanes.get(laneKeyText(row))
    if (lane === undefined) return true
    return !lane.isCold && lane.freeze === undefined && !positionsOf(lane).has(row.position)
  })
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
