import {
  CURSORS,
  FAN_OUTS,
  LANES,
  NOTIFICATIONS,
  PARTITIONS,
  laneKey,
  type LaneRow,
  type NotificationRow,
} from '../database/schema.ts'
import type { Tables, Write } from '../database/tables.ts'
import type { Findings } from './findings.ts'

/** Judges every committed state of the tables: what a process that takes over now would find. */
export interface StateJudge {
  /** `who` has committed this. */
  onCommitted(who: string, writes: readonly Write[]): void
}

interface Unsettled {
  readonly key: string
  readonly partition: number
  readonly rows: Map<number, NotificationRow>
}

/** The format of a partition whose lanes need no rows. */
const LANES_IN_MEMORY = 2

export function createStateJudge(tables: Tables, findings: Findings): StateJudge {
  /** By lane. */
  const unsettled = new Map<string, Unsettled>()

  /** Returns the lane, if something is unsettled in it. */
  function note(row: NotificationRow): Unsettled | undefined {
    const key = NOTIFICATIONS.groupOf(row)
    const known = unsettled.get(key) ?? { key, partition: row.partition, rows: new Map<number, NotificationRow>() }
    if (row.settled === null) known.rows.set(row.position, row)
    else known.rows.delete(row.position)
    if (known.rows.size > 0) unsettled.set(key, known)
    else unsettled.delete(key)
    return unsettled.get(key)
  }

  for (const row of tables.all(NOTIFICATIONS)) note(row)

  function judgeLane(who: string, { key, partition, rows }: Unsettled): void {
    const lane = tables.get(LANES, key)
    const first = Math.min(...rows.keys())
    const uuid = rows.get(first)?.uuid
    if (lane) {
      if (lane.head > first) findings.report('bound', `${who}: ${uuid} is before ${lane.head}, where its lane begins`)
      return
    }
    const mark = tables.get(CURSORS, String(partition))?.settledBelow ?? 0
    if (first <= mark) findings.report('mark', `${who}: ${uuid} is unsettled below ${mark} and its lane has no row`)
    if ((tables.get(PARTITIONS, String(partition))?.format ?? 0) < LANES_IN_MEMORY)
      findings.report('format', `${who}: the lane of ${uuid} has no row, and a former release may take its partition`)
  }

  /** What is inserted later may be for memory, so a take-over must look for it. */
  function judgeFanOuts(who: string, partition: number): void {
    const mark = tables.get(CURSORS, String(partition))?.settledBelow ?? 0
    for (const { position } of tables.group(FAN_OUTS, String(partition)))
      if (position <= mark) findings.report('mark', `${who}: the fan-out at ${position} is not behind ${mark}`)
  }

  return {
    onCommitted(who, writes) {
      const changed = new Set<Unsettled | undefined>()
      const partitions = new Set<number>()
      for (const { table, row, before } of writes)
        if (table.name === NOTIFICATIONS.name) changed.add(note(row as NotificationRow))
        else if (table.name === LANES.name) changed.add(unsettled.get(keyOf((row ?? before) as LaneRow)))
        else if (table.name === CURSORS.name) partitions.add((row as { partition: number }).partition)
        else if (table.name === PARTITIONS.name) partitions.add((row as { id: number }).id)
      for (const partition of partitions) judgeFanOuts(who, partition)
      for (const lane of unsettled.values()) if (partitions.has(lane.partition)) changed.add(lane)
      for (const lane of changed) if (lane && lane.rows.size > 0) judgeLane(who, lane)
    },
  }
}

const keyOf = ({ targetId, laneSeries }: LaneRow) => laneKey(targetId, laneSeries)
