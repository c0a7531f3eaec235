import type { UnsettledNotification } from '@tidings/server/lanes/known-rows.ts'
import type { EventText, Lane, Offer, Target } from '@tidings/server/lanes/lane-model.ts'
import { createLaneMemory, type LaneMemory } from '@tidings/server/lanes/lane-memory.ts'
import type { SentFreeze } from '@tidings/server/lanes/lane-steps.ts'
import type { PartitionLanes } from '@tidings/server/lanes/lane-model.ts'
import type { FinalSettlement, Settlement } from '@tidings/server/lanes/settlement.ts'

export const BENCH_PARTITION = 3

/** A notification of an event at this position; the lane is that of the target and the series. */
export interface BenchNotification {
  readonly position: number
  readonly series?: string
  readonly targetId?: number
  readonly isCold?: boolean
  readonly deletesSubscriptions?: boolean
}

export interface LaneBenchOptions {
  readonly address?: string
  readonly tenantOf?: (targetId: number) => string
}

/** The lanes of one partition in memory, and what they ask of delivery, which is played by the test. */
export interface LaneBench {
  readonly memory: LaneMemory
  /** Changed by `load`, when the partition is begun anew. */
  readonly home: PartitionLanes
  /** Monotonic ms. */
  now: number
  /** The offers that stand, oldest first. */
  offers(): Offer[]
  /** What is to be settled, until `settle`. */
  readonly settling: { readonly lane: Lane; readonly settlements: readonly FinalSettlement[] }[]
  /** In ms from 0, when lanes with rows are to be looked for. */
  readonly dueAt: number[]
  /** Keys of the lanes that memory says it holds for cold, and that left it. */
  readonly held: string[]
  readonly left: string[]
  targetOf(targetId: number): Target
  lanes(): Lane[]
  /** Notifications in memory. */
  size(): number
  /** What a dispatch has inserted; the cursor follows. */
  dispatch(...rows: readonly BenchNotification[]): void
  /** What the table has of the partition, instead of what memory has. */
  load(rows: readonly BenchNotification[], cursor?: number): void
  /** A cold lane that was read, with the notifications at these positions. */
  look(positions: readonly number[], options?: { series?: string; attempts?: number }): Lane
  /** Sends the head of the only lane that is offered, or of this one. */
  send(lane?: Lane): Lane
  /** Ends the attempt of this lane. */
  end(lane: Lane, outcome?: Partial<Settlement>): void
  /** The table has all that is to be settled. */
  settle(): void
  /** Takes what is to be frozen. */
  takeFreezes(): SentFreeze[]
  /** The table has rows for all that is to be frozen. */
  freeze(): void
  /** The table has deleted the rows of what is to be thawed, or found that they are needed. */
  thaw(isGone: boolean): void
}

const text: EventText = { uuid: 'event', body: '{"seriesSeqCount": }', seqOffset: 19 }

export function createLaneBench({
  address = 'http://127.0.0.1/',
  tenantOf = () => 'dev',
}: LaneBenchOptions = {}): LaneBench {
  const offered: Offer[] = []
  const memory = createLaneMemory({
    outletOf: () => ({
      ready: (offer) => void offered.push(offer),
      settle: (lane, settlements) => void bench.settling.push({ lane, settlements }),
      coldUntil: (_pair, dueAt) => void bench.dueAt.push(dueAt),
      holdsCold: (lane) => void bench.held.push(lane.key),
      left: (lane) => void bench.left.push(lane.key),
    }),
    onRequest: () => undefined,
    clock: () => bench.now,
  })
  const home = memory.begin(BENCH_PARTITION, 1)

  const targetOf = createTargets(address, tenantOf)
  const found = (rows: readonly BenchNotification[]) =>
    new Map(rows.map(({ targetId = 1 }) => [targetId, targetOf(targetId)]))

  const bench: LaneBench = {
    memory,
    home,
    now: 0,
    offers: () => offered.filter((offer) => offer.lane.offer === offer),
    settling: [],
    dueAt: [],
    held: [],
    left: [],
    targetOf,
    lanes: () => [...home.lanes.values()],
    size: () => bench.lanes().reduce((sum, { queue }) => sum + queue.length, 0),
    dispatch(...rows) {
      home.cursor = Math.max(home.cursor, ...rows.map(({ position }) => position))
      memory.dispatched(home, rows.map(inserted), {
        events: new Map(rows.map((row) => [row.position, eventOf(row)])),
        targets: found(rows),
        sentAt: bench.now,
      })
    },
    load(rows, cursor = Math.max(0, ...rows.map(({ position }) => position))) {
      memory.loaded(
        home,
        rows.map((row) => ({ ...unsettled(row), isCold: row.isCold === true })),
        { cursor, fanOuts: [], targets: found(rows), askedAt: bench.now },
      )
    },
    look(positions, { series = 'series', attempts = 0 } = {}) {
      const key = { targetId: 1, laneSeries: series }
      const rows = positions.map((position) => unsettled({ position, series }))
      memory.looked(home, rows, { ...key, target: targetOf(1), attempts, askedAt: bench.now })
      const lane = home.lanes.get(`1 ${series}`)
      if (!lane) throw new Error('the lane is not in memory')
      return lane
    },
    send(lane = bench.offers()[0]?.lane) {
      if (!lane) throw new Error('nothing is offered')
      memory.steps.sent(lane)
      return lane
    },
    end: (lane, outcome = {}) => memory.steps.result(lane, { ...deliveredAt(lane), ...outcome }),
    settle() {
      for (const { lane, settlements } of bench.settling.splice(0))
        memory.steps.settled(lane, settlements.at(-1)?.position ?? 0)
    },
    takeFreezes: () => memory.steps.takeFreezes(home.freezes, 100),
    freeze: () => bench.takeFreezes().forEach(memory.steps.frozen),
    thaw(isGone) {
      for (const lane of [...home.thaws]) memory.steps.thawed(lane, isGone)
    },
  }
  bench.load([])
  return bench
}

/** Returns each target once, as a cache does. */
function createTargets(address: string, tenantOf: (targetId: number) => string): (targetId: number) => Target {
  const targets = new Map<number, Target>()
  return (targetId) => {
    const known = targets.get(targetId) ?? {
      targetId,
      method: 'WEBHOOK',
      address,
      addressKey: `address of ${targetId}`,
      origin: `origin of ${targetId}`,
      subscriptionName: 'subscription',
      tenant: tenantOf(targetId),
      isCancelled: false,
    }
    targets.set(targetId, known)
    return known
  }
}

const eventOf = ({ position, series = 'series', deletesSubscriptions = false }: BenchNotification) => ({
  number: position,
  laneSeries: series,
  deletesSubscriptions,
  text,
})

const inserted = ({ position, targetId = 1, isCold = false }: BenchNotification) => ({
  partition: BENCH_PARTITION,
  position,
  targetId,
  uuid: `notification ${position}`,
  created: '2026-01-01T00:00:00.000000Z',
  isCold,
})

const unsettled = ({ position, targetId = 1, series = 'series' }: BenchNotification): UnsettledNotification => ({
  position,
  targetId,
  laneSeries: series,
  uuid: `notification ${position}`,
  number: position,
  created: '2026-01-01T00:00:00.000000Z',
  ageMs: 100,
})

function deliveredAt(lane: Lane): Settlement {
  const { targetId, laneSeries, home, queue, attempts } = lane
  return {
    targetId,
    laneSeries,
    partition: home.partition,
    position: queue[0]?.position ?? -1,
    attempts: attempts + 1,
    kind: 'delivered',
    httpStatus: 200,
    reason: null,
    durationMs: 1,
    delayMs: 0,
    askedMs: 0,
  }
}
