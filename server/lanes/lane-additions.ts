import { required } from '../runtime/required.ts'
import type { LaneKey } from './lane.ts'
import { laneKeyText, type Lane, type SharedEvent, type Target, type Waiting } from './lane-model.ts'
import type {
  DispatchedNotification,
  DispatchFound,
  LoadFound,
  LookFound,
  UnsettledNotification,
} from './known-rows.ts'
import type { LaneSteps } from './lane-steps.ts'
import type { MemoryUse } from './memory-use.ts'
import type { PartitionLanes } from './lane-model.ts'

/** How notifications come into memory. */
export interface LaneAdditions {
  /**
   * Adds what a dispatch of this partition has inserted. Throws when memory and the table differ about a lane: the
   * partition has to be read again.
   */
  dispatched(home: PartitionLanes, rows: readonly DispatchedNotification[], found: DispatchFound): void
  /** Replaces what memory has of a partition by what the table has, except for the heads that are worked on. */
  loaded(
    home: PartitionLanes,
    rows: readonly (UnsettledNotification & { readonly isCold: boolean })[],
    found: LoadFound,
  ): void
  /** Adds a lane that was read from the table, with its first notifications; there may be none. */
  looked(home: PartitionLanes, rows: readonly UnsettledNotification[], found: LookFound): void
}

export interface LaneAdditionsDeps {
  readonly steps: LaneSteps
  readonly use: MemoryUse
  readonly clock: () => number
}

export function createLaneAdditions(deps: LaneAdditionsDeps): LaneAdditions {
  const growth = createGrowth(deps)
  return {
    dispatched: createDispatched(deps, growth),
    loaded: createLoaded(deps, growth),
    looked: createLooked(deps, growth),
  }
}

/** Lanes as they grow. */
interface Growth {
  newLane(home: PartitionLanes, key: LaneKey, target: Target, isCold: boolean): Lane
  append(lane: Lane, waiting: Waiting): void
}

function createGrowth({ use, clock }: LaneAdditionsDeps): Growth {
  function newLane(home: PartitionLanes, { targetId, laneSeries }: LaneKey, target: Target, isCold: boolean): Lane {
    const key = laneKeyText({ targetId, laneSeries })
    const lane: Lane = {
      targetId,
      laneSeries,
      key,
      home,
      target,
      queue: [],
      isCold,
      step: 'leaving',
      since: clock(),
      attempts: 0,
      offer: undefined,
      freeze: undefined,
    }
    home.lanes.set(key, lane)
    return lane
  }

  function append(lane: Lane, waiting: Waiting): void {
    lane.queue.push(waiting)
    use.added(lane, waiting)
    if (!lane.isCold) lane.home.note(waiting)
  }

  return { newLane, append }
}

function waitingOf(row: UnsettledNotification, event: SharedEvent, askedAt: number): Waiting {
  const { position, uuid, number, created, ageMs } = row
  return { position, uuid, number, created, createdAt: askedAt - ageMs, event, isPassed: false }
}

function createDispatched({ steps, use }: LaneAdditionsDeps, { newLane, append }: Growth): LaneAdditions['dispatched'] {
  /** A dispatch found a row of this lane, which memory holds for hot: what is behind its head is read again. */
  function becomeCold(lane: Lane): void {
    steps.frozen({ lane, freeze: { attempts: 0, delayMs: 0, leaves: false }, firstPosition: 0 })
  }

  return (home, rows, { events, targets, sentAt }) => {
    const sharedEvents = new Map<number, SharedEvent>()
    const started: Lane[] = []
    for (const row of rows.toSorted((a, b) => a.position - b.position)) {
      const { position, targetId, isCold, uuid, created } = row
      const event = required(events.get(position), 'an event of the batch')
      const { laneSeries, number } = event
      const known = home.lanes.get(laneKeyText({ targetId, laneSeries }))
      if (isCold || known?.freeze?.leaves === true) {
        // A freeze that is requested stands behind this dispatch, and leaves it to the table.
        if (known && isCold && !known.isCold && !known.freeze) becomeCold(known)
        continue
      }
      if (known?.isCold === true) throw new Error('a lane has no row that memory holds for cold')
      const lane =
        known ?? newLane(home, { targetId, laneSeries }, required(targets.get(targetId), 'the target of a lane'), false)
      const inMemory = sharedEvents.get(position) ?? use.share(home.partition, position, event)
      sharedEvents.set(position, inMemory)
      append(lane, { position, uuid, number, created, createdAt: sentAt, event: inMemory, isPassed: false })
      if (!known) started.push(lane)
    }
    for (const lane of started) steps.offer(lane)
  }
}

function createLoaded({ steps, use }: LaneAdditionsDeps, { newLane, append }: Growth): LaneAdditions['loaded'] {
  return (home, rows, { cursor, fanOuts, targets, askedAt }) => {
    const working = keepWorking(home, steps)
    home.reset(cursor)
    for (const fanOut of fanOuts) home.fanOuts.set(fanOut.position, fanOut)
    const sharedEvents = new Map<number, SharedEvent>()
    const started: Lane[] = []
    for (const row of rows) {
      const key = laneKeyText(row)
      const held = working.get(key)
      if (held) held.isCold = row.isCold
      if (row.isCold) continue
      const head = held?.queue[0]
      if (head?.position === row.position) {
        head.isPassed = false
        home.note(head)
      }
      if (head && (held.freeze || row.position <= head.position)) continue
      const target = required(targets.get(row.targetId), 'the target of a lane')
      const lane = home.lanes.get(key) ?? newLane(home, row, target, false)
      const event = sharedEvents.get(row.position) ?? use.share(home.partition, row.position)
      sharedEvents.set(row.position, event)
      append(lane, waitingOf(row, event, askedAt))
      if (!held && lane.queue.length === 1) started.push(lane)
    }
    home.state = 'open'
    for (const lane of started) steps.offer(lane)
  }
}

function createLooked({ steps, use }: LaneAdditionsDeps, { newLane, append }: Growth): LaneAdditions['looked'] {
  return (home, rows, { target, attempts, askedAt, ...key }) => {
    if (home.lanes.has(laneKeyText(key))) return
    const lane = newLane(home, key, target, true)
    lane.attempts = attempts
    for (const row of rows) append(lane, waitingOf(row, use.share(home.partition, row.position), askedAt))
    if (rows.length > 0) steps.offer(lane)
    else home.thaws.add(lane)
  }
}

/**
 * Forgets all lanes of a partition but those whose heads are worked on, and what is behind these heads. Returns the
 * ones that are left, by key. Requests whose outcome is not known are made again.
 */
function keepWorking(home: PartitionLanes, steps: LaneSteps): ReadonlyMap<string, Lane> {
  home.thaws.clear()
  for (const lane of [...home.lanes.values()]) {
    const mustBeWritten = lane.freeze?.leaves === true
    if (lane.step !== 'sending' && lane.step !== 'settling' && !mustBeWritten) steps.forget(lane)
    else {
      steps.keepHead(lane)
      if (mustBeWritten) home.freezes.add(lane)
      else {
        lane.freeze = undefined
        home.freezes.delete(lane)
      }
    }
  }
  return new Map(home.lanes)
}
