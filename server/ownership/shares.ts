/** A registered dispatcher. */
export interface Contender {
  readonly id: string
  /** The newest format of record that it reads. */
  readonly format: number
  /** It is stopping, or cut off from the broker: it gives away what it has, and takes nothing. */
  readonly isLeaving: boolean
}

export interface PartitionView {
  readonly id: number
  /** Null when it is free. */
  readonly owner: string | null
  /** The newest format of record that was met in it. */
  readonly format: number
  /** How long it has been seen free, in ms. */
  readonly freeMs: number
}

export interface ShareView {
  readonly me: string
  readonly dispatchers: readonly Contender[]
  readonly partitions: readonly PartitionView[]
  /** Of mine, those that are being handed over. */
  readonly leaving: ReadonlySet<number>
}

export interface ShareDecision {
  /** Free partitions to take, the most wanted first ... */
  readonly take: readonly number[]
  /** ... and no more than so many of them. */
  readonly most: number
  readonly release: readonly number[]
  /** Below its share: more will become free. */
  readonly hasRoom: boolean
}

/** A partition that others leave lying for so long is taken over quota: those who have room cannot read it. */
const OVERDUE_MS = 3000
/** One that nobody claims to read is tried again after this: the record may be gone. */
const UNREADABLE_MS = 60_000

const NOTHING: ShareDecision = { take: [], most: 0, release: [], hasRoom: false }

/**
 * Who should hold what, seen by one of the dispatchers; all see the same and need no word with each other. Shares differ by
 * one at most: by rank among the ids, the first ones get the remainder. Pure.
 */
export function decideShares({ me, dispatchers, partitions, leaving }: ShareView): ShareDecision {
  const self = dispatchers.find(({ id }) => id === me)
  if (!self) return NOTHING
  const mine = partitions.filter(({ id, owner }) => owner === me && !leaving.has(id))
  if (self.isLeaving) return { ...NOTHING, release: mine.map(({ id }) => id) }
  const staying = dispatchers.filter(({ isLeaving }) => !isLeaving)
  const quotas = quotasOf(staying, partitions.length)
  const room = (quotas.get(me) ?? 0) - mine.length
  if (room < 0) return { ...takeOverdue(self, staying, partitions), release: surplusOf(mine, -room, roomOfOthers(me, staying, partitions, quotas)) }
  if (room === 0) return { ...NOTHING, ...takeOverdue(self, staying, partitions) }
  return { ...NOTHING, take: idsOf(readableFree(self, staying, partitions)), most: room, hasRoom: true }
}

/** When everybody is leaving because of the broker, the shares stay as they are: nobody would work them better. */
export const contendersOf = (dispatchers: readonly Contender[]): readonly Contender[] =>
  dispatchers.some(({ isLeaving }) => !isLeaving) ? dispatchers : dispatchers.map((one) => ({ ...one, isLeaving: false }))

/** floor(P / n) each, and one more for the first P mod n by id. */
function quotasOf(staying: readonly Contender[], count: number): Map<string, number> {
  const ids = staying.map(({ id }) => id).sort()
  return new Map(ids.map((id, rank) => [id, Math.floor(count / ids.length) + (rank < count % ids.length ? 1 : 0)]))
}

/** Newest formats first: the fewest others read them. */
const readableFree = (self: Contender, staying: readonly Contender[], partitions: readonly PartitionView[]) => partitions
  .filter(({ owner, format, freeMs }) => owner === null && (format <= self.format || (freeMs >= UNREADABLE_MS && readersOf(format, staying) === 0)))
  .sort((a, b) => b.format - a.format || a.id - b.id)

/** Shared among those who read the most of them. */
function takeOverdue(self: Contender, staying: readonly Contender[], partitions: readonly PartitionView[]): Pick<ShareDecision, 'take' | 'most' | 'hasRoom'> {
  const overdue = readableFree(self, staying, partitions).filter(({ freeMs }) => freeMs >= OVERDUE_MS)
  const readers = Math.max(1, ...overdue.map(({ format }) => readersOf(format, staying)))
  return { take: idsOf(overdue), most: Math.ceil(overdue.length / readers), hasRoom: false }
}

interface Room {
  readonly format: number
  left: number
}

/** Those who read the least first: what they can take leaves room for the rest. */
function roomOfOthers(me: string, staying: readonly Contender[], partitions: readonly PartitionView[], quotas: ReadonlyMap<string, number>): Room[] {
  return staying
    .filter(({ id }) => id !== me)
    .map(({ id, format }) => ({ format, left: (quotas.get(id) ?? 0) - partitions.filter(({ owner }) => owner === id).length }))
    .filter(({ left }) => left > 0)
    .sort((a, b) => a.format - b.format)
}

/** Only what somebody with room reads, the oldest formats first: anything else would come back. */
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

const readersOf = (format: number, staying: readonly Contender[]) => staying.filter((one) => one.format >= format).length
const idsOf = (partitions: readonly PartitionView[]) => partitions.map(({ id }) => id)
