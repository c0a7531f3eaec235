import { isContentError } from '../db/content-error.ts'
import type { Db } from '../db/db.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import { isRolledBack } from '../db/is-rolled-back.ts'
import type { Log } from '../log.ts'
import { freezeLanes, thawLanes } from './cold-lane-store.ts'
import type { FailedAttempt } from './failed-attempts.ts'
import { laneKeyText } from './lane-model.ts'
import type { LaneMemory } from './lane-memory.ts'
import type { SentFreeze } from './lane-steps.ts'
import type { PartitionLanes } from './lane-model.ts'

const MAX_FREEZES = 500
const MAX_THAWS = 500

export interface RowWriterDeps {
  /** The connection of dispatch. */
  readonly db: Db
  readonly memory: Pick<LaneMemory, 'homes' | 'steps'>
  /** Called when it is not known whether a statement about these partitions was committed. */
  readonly onUncertain: (partitions: Iterable<number>) => void
  readonly log: Log
}

/** Writes and deletes the rows that lanes have requested. */
export interface RowWriter {
  /** Returns whether there is more to write. Rejects with the database's error. */
  write(owned: OwnedPartitions): Promise<boolean>
}

export function createRowWriter({ db, memory: { homes, steps }, onUncertain, log }: RowWriterDeps): RowWriter {
  /** Returns the partitions with requests that can be written now. */
  function writable({ epochs }: OwnedPartitions): PartitionLanes[] {
    const mine: PartitionLanes[] = []
    homes.forEach((home) => {
      const isAsked = home.freezes.size > 0 || home.thaws.size > 0
      const isWritable = home.state === 'open' || home.state === 'closing'
      if (isAsked && isWritable && epochs.get(home.partition) === home.epoch) mine.push(home)
    })
    return mine
  }

  async function change<T>(
    partitions: Iterable<number>,
    statement: () => Promise<T>,
    undo: (error: unknown) => void,
  ): Promise<T> {
    try {
      return await statement()
    } catch (error) {
      if (isRolledBack(error)) undo(error)
      else onUncertain(partitions)
      throw error
    }
  }

  function giveBack(sent: readonly SentFreeze[], error: unknown): void {
    const withoutFailure = isContentError(error)
    if (withoutFailure) log.error({ err: error }, 'failed attempts were rejected by the database')
    for (const one of sent) steps.notFrozen(one, { withoutFailure })
  }

  async function freeze(owned: OwnedPartitions, mine: readonly PartitionLanes[]): Promise<number> {
    const sent: SentFreeze[] = []
    for (const home of mine) sent.push(...steps.takeFreezes(home.freezes, MAX_FREEZES - sent.length))
    if (sent.length === 0) return 0
    const watermarks = [...new Set(sent.map(({ lane }) => lane.home))].map((home) => ({
      partition: home.partition,
      watermark: home.watermark(),
    }))
    await change(
      watermarks.map(({ partition }) => partition),
      () => freezeLanes(db, owned, sent.map(rowOf), sent.flatMap(failureOf), watermarks),
      (error) => giveBack(sent, error),
    )
    sent.forEach(steps.frozen)
    return sent.length
  }

  async function thaw(owned: OwnedPartitions, mine: readonly PartitionLanes[]): Promise<number> {
    const lanes = mine.flatMap((home) => [...home.thaws].slice(0, MAX_THAWS)).slice(0, MAX_THAWS)
    if (lanes.length === 0) return 0
    const keys = lanes.map(({ targetId, laneSeries, home }) => ({ targetId, laneSeries, partition: home.partition }))
    const gone = await change(
      new Set(keys.map(({ partition }) => partition)),
      () => thawLanes(db, owned, keys),
      () => undefined, // still requested
    )
    const goneKeys = new Set(gone.map(laneKeyText))
    for (const lane of lanes) steps.thawed(lane, goneKeys.has(lane.key))
    return lanes.length
  }

  return {
    async write(owned) {
      const mine = writable(owned)
      if (mine.length === 0) return false
      const frozen = await freeze(owned, mine)
      const thawed = await thaw(owned, mine)
      return frozen === MAX_FREEZES || thawed === MAX_THAWS
    },
  }
}

const rowOf = ({ lane, freeze, firstPosition }: SentFreeze) => ({
  targetId: lane.targetId,
  laneSeries: lane.laneSeries,
  partition: lane.home.partition,
  method: lane.target.method,
  addressKey: lane.target.addressKey,
  firstPosition,
  attempts: freeze.attempts,
  delayMs: freeze.delayMs,
  wakesAfterMs: freeze.wakesAfterMs,
})

const failureOf = ({ freeze: { failure } }: SentFreeze): FailedAttempt[] =>
  failure && failure.reason !== null ? [{ ...failure, reason: failure.reason }] : []
