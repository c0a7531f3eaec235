import { isContentError } from '../db/content-error.ts'
import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLogRateLimit } from '../runtime/log-rate-limit.ts'
import { createLoop, type Idle, type Worker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import { settleNotifications } from '../lanes/final-settlement-store.ts'
import type { Lane } from '../lanes/lane-model.ts'
import type { FinalSettlement } from '../lanes/settlement.ts'

const BATCH_SIZE = 500
/** So long is waited for more outcomes, when nobody waits for those that there are: a commit costs as much as many. */
const LINGER_MS = 10
/** But not for more than these. */
const ENOUGH = 64

export interface SettlerDeps {
  readonly db: Db
  readonly ownedPartitions: () => OwnedPartitions
  /** Called when the outcomes of the first notifications of this lane have committed. */
  readonly onSettled: (lane: Lane, settlements: readonly FinalSettlement[]) => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

export interface Settler extends Worker {
  /** Queues the outcomes of the first notifications of a lane. */
  settle(lane: Lane, settlements: readonly FinalSettlement[]): void
  /** Resolves when no statement about this partition is under way. */
  arrived(partition: number): Promise<void>
}

interface Item {
  /** Monotonic, in ms. */
  readonly since: number
  readonly lane: Lane
  readonly settlements: readonly FinalSettlement[]
}

/**
 * Collects outcomes and writes them in batches, one batch at a time (group commit). Keeps them until they are written,
 * however long the database is away. A statement whose outcome is not known is repeated: it changes only what is not
 * settled. So it can be, because the next notification of a lane is sent only after the answer.
 *
 * A batch that the fence refuses is repeated every 50 ms, with all that is in it, until ownership has noticed which
 * partition was lost: it looks every second (ownership/next-poll.ts). Then the outcomes of that partition are dropped.
 */
export function createSettler({ db, ownedPartitions, onSettled, log, machine = MACHINE }: SettlerDeps): Settler {
  const limit = createLogRateLimit()
  const loop = createLoop({ name: 'settle', log, tick, machine })
  let queue: Item[] = []
  /** The loop looks at the queue soon enough for whoever can wait. */
  let isLingering = false
  let writing: ReadonlySet<number> = new Set()
  const onArrived: (() => void)[] = []

  async function tick(): Promise<number | Idle> {
    isLingering = false
    queue = queue.filter(({ lane }) => lane.home.state !== 'closed') // the new owner sends it again
    const owned = ownedPartitions()
    const batch = nextBatch(queue, owned)
    if (batch.length === 0) return { restMs: queue.length === 0 ? 1000 : 50 }
    const restMs = lingerMs(batch, machine.now())
    isLingering = restMs > 0
    if (isLingering) return { restMs }
    writing = new Set(batch.map(({ lane }) => lane.home.partition))
    try {
      await write(owned, batch)
    } catch (error) {
      if (isLostOwnership(error)) return 50
      if (!isContentError(error)) throw error
      await oneByOne(owned, batch)
    } finally {
      writing = new Set()
      for (const resolve of onArrived.splice(0)) resolve()
    }
    return 0
  }

  async function write(owned: OwnedPartitions, batch: readonly Item[]): Promise<void> {
    const settlements = batch.flatMap((item) => item.settlements)
    await settleNotifications(db, owned, settlements, batch.flatMap(removalPositions))
    const done = new Set(batch)
    queue = queue.filter((item) => !done.has(item))
    for (const item of batch) onSettled(item.lane, item.settlements)
  }

  /** Writes the items of a rejected batch one by one; the one whose content is rejected is queued again without it. */
  async function oneByOne(owned: OwnedPartitions, batch: readonly Item[]): Promise<void> {
    for (const item of batch) {
      await write(owned, [item]).catch((error: unknown) => {
        if (!isContentError(error)) throw error
        limit(String(error), (suppressed) =>
          log.error({ err: error, lane: item.lane.key, suppressed }, 'a settlement was rejected by the database'),
        )
        queue = [...queue.filter((other) => other !== item), withoutContent(item)]
      })
    }
  }

  return {
    settle(lane, settlements) {
      const item = { since: machine.now(), lane, settlements }
      queue.push(item)
      if (!isLingering || queue.length >= ENOUGH || isAwaited(item)) loop.wake()
    },
    async arrived(partition) {
      while (writing.has(partition)) await new Promise<void>((resolve) => void onArrived.push(resolve))
    },
    start: loop.start,
    stop: loop.stop,
  }
}

/**
 * Returns what can be written now: not what belongs to a partition about which something is uncertain, because its
 * lanes are being read again.
 */
function nextBatch(queue: readonly Item[], { epochs }: OwnedPartitions): readonly Item[] {
  const batch: Item[] = []
  let size = 0
  for (const item of queue) {
    const { home } = item.lane
    if (home.state === 'uncertain' || home.state === 'loading' || epochs.get(home.partition) !== home.epoch) continue
    batch.push(item)
    size += item.settlements.length
    if (size >= BATCH_SIZE) break
  }
  return batch
}

/** Returns how long these outcomes, the oldest first, may wait for others. Pure. */
function lingerMs(batch: readonly Item[], now: number): number {
  const [oldest] = batch
  if (oldest === undefined || batch.length >= ENOUGH || batch.some(isAwaited)) return 0
  return Math.max(0, oldest.since + LINGER_MS - now)
}

/** Whether something waits until this is written: the next notification of its lane, a hand-over, a removal. */
const isAwaited = (item: Item) =>
  item.settlements.length > 1 ||
  item.lane.queue.length > item.settlements.length ||
  item.lane.isCold ||
  item.lane.home.state !== 'open' ||
  removalPositions(item).length > 0

/** Of events that remove subscriptions when all their notifications are settled, or may: not known without a text. */
const removalPositions = ({ lane, settlements }: Pick<Item, 'lane' | 'settlements'>) =>
  settlements.flatMap(({ position }, index) => {
    const waiting = lane.queue[index]
    // Another position: the queue was read again since, and this one is not in it.
    return waiting?.position === position && waiting.event.deletesSubscriptions === false ? [] : [position]
  })

const withoutContent = ({ since, lane, settlements }: Item): Item => ({
  since,
  lane,
  settlements: settlements.map((one) => ({
    ...one,
    reason: one.reason === null ? null : 'unprintable',
    httpStatus: null,
  })),
})
