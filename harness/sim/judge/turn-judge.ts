import {
  FAN_OUTS,
  LANES,
  NOTIFICATIONS,
  TARGETS,
  laneKey,
  type FanOutRow,
  type LaneRow,
  type NotificationRow,
} from '../database/schema.ts'
import type { DatabaseServer } from '../database/server.ts'
import type { FaultWindows } from '../world/fault-windows.ts'
import type { AddressHistory } from './address-history.ts'
import type { Findings } from './findings.ts'

/** A due lane is sent within this time when nothing is broken: half of the scan that finds what was forgotten. */
const WAKE_MS = 2500

export interface TurnJudgeDeps {
  readonly server: DatabaseServer
  readonly now: () => number
  readonly faults: FaultWindows
  readonly findings: Findings
  readonly addresses: AddressHistory
  /** From then on nothing but what `faults` has explains a delay, in ms. */
  readonly calmFromMs: number
}

/** Judges whether it is the turn of what is sent: neither before its turn nor long after. `who`: the process. */
export function createTurnJudge({ server, now, faults, findings, addresses, calmFromMs }: TurnJudgeDeps) {
  const { tables } = server

  function judgeDelay(who: string, uuid: string, lateMs: number): void {
    const dueAt = now() - lateMs
    const isCalm = dueAt > calmFromMs && faults.findAny(dueAt - 10, now()) === undefined
    if (lateMs > WAKE_MS && isCalm)
      findings.report('wake', `${who} sends ${uuid} ${Math.round(lateMs)} ms after it was due`)
  }

  /** A success at its address ends the wait of a lane, unless its receiver has asked for it. */
  function isWoken({ targetId, wakesAfter }: LaneRow, askedUntil: number): boolean {
    const address = tables.get(TARGETS, String(targetId))?.address ?? ''
    const workedAt = addresses.workedAt(address)
    return typeof wakesAfter === 'number' && wakesAfter <= workedAt && askedUntil <= server.now() + 1
  }

  /** Of the lane, an earlier one that is not even inserted. */
  function judgeFanOuts(who: string, { targetId, laneSeries, partition, position, uuid }: NotificationRow): void {
    for (const before of tables.group(FAN_OUTS, String(partition)))
      if (before.laneSeries === laneSeries && before.position < position && isLeft(before, targetId))
        findings.report('P2', `${who} sends ${uuid} before ${before.position} is inserted`)
  }

  return (who: string, row: NotificationRow, askedUntil: number): void => {
    const { targetId, laneSeries, position, uuid, created } = row
    const key = laneKey(targetId, laneSeries)
    judgeFanOuts(who, row)
    let dueAt = created
    for (const before of tables.group(NOTIFICATIONS, key)) {
      if (before.position >= position) continue
      if (before.settled === null) findings.report('P2', `${who} sends ${uuid} before ${before.uuid} is settled`)
      else dueAt = Math.max(dueAt, before.settled)
    }
    const lane = tables.get(LANES, key)
    const earlyMs = lane ? lane.due - server.now() : 0
    if (lane && earlyMs > 1 && !isWoken(lane, askedUntil))
      findings.report('back-off', `${who} sends ${uuid} ${Math.round(earlyMs)} ms too early`)
    judgeDelay(who, uuid, server.now() - Math.max(dueAt, lane?.due ?? dueAt))
  }
}

const isLeft = ({ targetIds, done }: FanOutRow, targetId: number) => targetIds.slice(done).includes(targetId)
