import type { Broker } from '../broker/broker.ts'
import type { Log } from '../log.ts'
import { rangesOf } from './ranges.ts'
import type { OwnedPartition, Released } from './store.ts'

export interface HeldPartitionsParts {
  readonly broker: Pick<Broker, 'hold'>
  /** Resolves when what was begun on a partition has ended and is written. Nothing new is begun on it by then. */
  readonly drain: (partition: number) => Promise<void>
  /** A partition can be released now. */
  readonly onDrained: () => void
  readonly log: Log
}

/**
 * The partitions of this process. One is worked, then let go, then released:
 *
 * | state   | takes, claims, attempts | settlements | owner in the table |
 * |---------|-------------------------|-------------|--------------------|
 * | worked  | yes                     | yes         | this process       |
 * | let go  | no                      | yes         | this process       |
 * | drained | no                      | none left   | this process       |
 * | gone    | no                      | no          | nobody, or another |
 */
export interface HeldPartitions {
  /** Epochs of what is worked. */
  worked(): ReadonlyMap<number, number>
  /** Epochs of all that is ours. */
  all(): ReadonlyMap<number, number>
  /** What is let go, drained or not. */
  leaving(): ReadonlySet<number>
  drained(): Released[]
  /** These and no others are ours. What is new among them is worked. */
  replace(owned: readonly OwnedPartition[]): void
  /** Nobody knows whose they are: the broker lets all go, so that whoever takes over gets its records. Until `replace`. */
  suspend(): void
  /** `format`: of a record that this version does not read. */
  letGo(partitions: Iterable<number>, format?: number): void
  /** Resolves when all that has been let go so far is drained. */
  allDrained(): Promise<void>
}

interface Leaving {
  readonly epoch: number
  readonly format: number
  isDrained: boolean
}

export function createHeldPartitions({ broker, drain, onDrained, log }: HeldPartitionsParts): HeldPartitions {
  let worked: ReadonlyMap<number, number> = new Map()
  const leaving = new Map<number, Leaving>()
  const draining = new Set<Promise<void>>()
  let isSuspended = false

  /** Resolves when what is not worked any more has been let go there too. */
  const tellBroker = () => broker.hold(isSuspended ? [] : [...worked.keys()]).catch((error: unknown) => log.warn({ err: error }, 'the broker did not let go'))

  function beginDraining(id: number, one: Leaving, letGo: Promise<void>): void {
    const drained = Promise.all([drain(id), letGo])
      .catch((error: unknown) => log.error({ err: error, partition: id }, 'a partition was not drained'))
      .then(() => {
        one.isDrained = true
        draining.delete(drained)
        onDrained()
      })
    draining.add(drained)
  }

  return {
    worked: () => worked,
    all: () => new Map([...worked, ...[...leaving].map(([id, { epoch }]) => [id, epoch] as const)]),
    leaving: () => new Set(leaving.keys()),
    drained: () => [...leaving].filter(([, { isDrained }]) => isDrained).map(([id, { format }]) => ({ id, format })),
    replace(owned) {
      const epochs = new Map(owned.map(({ id, epoch }) => [id, epoch]))
      for (const [id, { epoch }] of leaving) if (epochs.get(id) !== epoch) leaving.delete(id)
      const before = worked
      worked = new Map([...epochs].filter(([id]) => !leaving.has(id)))
      const lost = [...before].filter(([id, epoch]) => worked.get(id) !== epoch).map(([id]) => id)
      if (lost.length > 0) log.warn({ partitions: rangesOf(lost) }, 'partitions lost to another process')
      const isChanged = isSuspended || lost.length > 0 || worked.size !== before.size
      isSuspended = false
      if (isChanged) void tellBroker()
    },
    suspend() {
      if (isSuspended) return
      isSuspended = true
      void tellBroker()
    },
    letGo(partitions, format = 0) {
      const going = [...partitions].flatMap((id) => {
        const epoch = worked.get(id)
        return epoch === undefined ? [] : [[id, { epoch, format, isDrained: false }] as const]
      })
      if (going.length === 0) return
      for (const [id, one] of going) leaving.set(id, one)
      worked = new Map([...worked].filter(([id]) => !leaving.has(id)))
      const letGo = tellBroker()
      for (const [id, one] of going) beginDraining(id, one, letGo)
    },
    async allDrained() {
      await Promise.all(draining)
    },
  }
}
