/** A registered dispatcher. */
export interface DispatcherView {
  readonly id: string
  /** The newest format of records that it reads. */
  readonly format: number
  /** It is stopping, or cut off from the broker: it releases what it has, and takes nothing. */
  readonly isLeaving: boolean
}

export interface PartitionView {
  readonly id: number
  /** Null when it is free. */
  readonly owner: string | null
  /**
   * What a dispatcher must read to take it: its own format at the last take, or one more than the owner read that gave
   * it up because of a newer record.
   */
  readonly format: number
  /** How long it has been free, as far as was observed, in ms. */
  readonly freeMs: number
}

export interface ShareView {
  readonly me: string
  readonly dispatchers: readonly DispatcherView[]
  readonly partitions: readonly PartitionView[]
  /** Those of `me` that are being handed over. */
  readonly releasing: ReadonlySet<number>
}

export interface ShareDecision {
  /** Free partitions to take, by preference ... */
  readonly take: readonly number[]
  /** ... and the maximum number of them. */
  readonly limit: number
  readonly release: readonly number[]
  /** The share is not complete: more partitions will become free. */
  readonly hasRoom: boolean
}

/** A partition that stays free for so long is taken over quota: the dispatchers with room cannot read it. */
const OVERDUE_MS = 3000
/** A partition that no dispatcher can read is tried again after this time: the record may be gone. */
const UNREADABLE_MS = 60_000

const NO_CHANGE: ShareDecision = { take: [], limit: 0, release: [], hasRoom: false }

/**
 * Decides which partitions a dispatcher takes and releases. All dispatchers see the same and decide alike, without
 * messages between them. Shares differ by at most one: the first dispatchers by id get the remainder. Pure.
 */
export function assignPartitions({ me, dispatchers, partitions, releasing }: ShareView): ShareDecision {
  const self = dispatchers.find(({ id }) => id === me)
  if (!self) return NO_CHANGE
  const mine = partitions.filter(({ id, owner }) => owner === me && !releasing.has(id))
  if (self.isLeaving) return { ...NO_CHANGE, release: mine.map(({ id }) => id) }
  const staying = dispatchers.filter(({ isLeaving }) => !isLeaving)
  const quotas = quotasOf(staying, partitions.length)
  const room = (quotas.get(me) ?? 0) - mine.length
  if (room < 0)
    return {
      ...takeOverdue(self, staying, partitions),
      release: surplusOf(mine, -room, roomOfOthers(me, staying, partitions, quotas)),
    }
  if (room === 0) return { ...NO_CHANGE, ...takeOverdue(self, staying, partitions) }
  return { ...NO_CHANGE, take: idsOf(readableFree(self, staying, partitions)), limit: room, hasRoom: true }
}

/** When all are leaving because of the broker, the shares stay as they are: no other dispatcher could work them. */
export const eligibleDispatchers = (dispatchers: readonly DispatcherView[]): readonly DispatcherView[] =>
  dispatchers.some(({ isLeaving }) => !isLeaving)
    ? dispatchers
    : dispatchers.map((one) => ({ ...one, isLeaving: false }))

/** Returns floor(P / n) for each, and one more for the first P mod n by id. */
function quotasOf(staying: readonly DispatcherView[], count: number): Map<string, number> {
  const ids = staying.map(({ id }) => id).sort()
  return new Map(ids.map((id, rank) => [id, Math.floor(count / ids.length) + (rank < count % ids.length ? 1 : 0)]))
}

/** Newest formats first: fewer dispatchers can read them. */
const readableFree = (self: DispatcherView, staying: readonly DispatcherView[], partitions: readonly PartitionView[]) =>
  partitions
    .filter(
      ({ owner, format, freeMs }) =>
        owner === null && (format <= self.format || (freeMs >= UNREADABLE_MS && readersOf(format, staying) === 0)),
    )
    .sort((a, b) => b.format - a.format || a.id - b.id)

/** Takes overdue partitions, shared among the dispatchers that can read most of them. */
function takeOverdue(
  self: DispatcherView,
  staying: readonly DispatcherView[],
  partitions: readonly PartitionView[],
): Pick<ShareDecision, 'take' | 'limit' | 'hasRoom'> {
  const overdue = readableFree(self, staying, partitions).filter(({ freeMs }) => freeMs >= OVERDUE_MS)
  const readers = Math.max(1, ...overdue.map(({ format }) => readersOf(format, staying)))
  return { take: idsOf(overdue), limit: Math.ceil(overdue.length / readers), hasRoom: false }
}

interface Room {
  readonly format: number
  left: number
}

/** Oldest readers first: what they take leaves room for the others. */
function roomOfOthers(
  me: string,
  staying: readonly DispatcherView[],
  partitions: readonly PartitionView[],
  quotas: ReadonlyMap<string, number>,
): Room[] {
  return staying
    .filter(({ id }) => id !== me)
    .map(({ id, format }) => ({
      format,
      left: (quotas.get(id) ?? 0) - partitions.filter(({ owner }) => owner === id).length,
    }))
    .filter(({ left }) => left > 0)
    .sort((a, b) => a.format - b.format)
}

/** Returns only partitions that a dispatcher with room can read, oldest formats first: others would come back. */
function surplusOf(mine: readonly PartitionView[], count: number, rooms: readonly Room[]): number[] {
  const released: number[] = []
  for (const { id, format } of mine.toSorted((a, b) => a.format - b.format || b.id - a.id)) {
    const taker = rooms.find((room) => room.left > 0 && room.format >= format)
    if (released.length === count || !taker) continue
    taker.left -= 1
    released.push(id)
  }
  return released
}

const readersOf = (format: number, staying: readonly DispatcherView[]) =>
  staying.filter((one) => one.format >= format).length
const idsOf = (partitions: readonly PartitionView[]) => partitions.map(({ id }) => id)

/**
 * How many dispatchers may send at the same time. Those that are leaving may have requests on the wire, those beyond
 * the number of partitions have none. At least one, the process that asks: its own lease may just have ended. Pure.
 */
export const countWorking = (dispatchers: number, partitions: number) => Math.max(1, Math.min(dispatchers, partitions))
