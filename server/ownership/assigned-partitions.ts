import type { Broker } from '../broker/broker.ts'
import type { Log } from '../log.ts'
import { rangesOf } from './ranges.ts'
import type { OwnedPartition, ReleasedPartition } from './ownership-store.ts'

export interface AssignedPartitionsDeps {
  readonly broker: Pick<Broker, 'assign'>
  /** Resolves when all work on a partition has ended and is written. No new work begins on it. */
  readonly drain: (partition: number) => Promise<void>
  /** A partition can be released now. */
  readonly onDrained: () => void
  readonly log: Log
}

/**
 * The partitions of this process, and the states of each:
 *
 * | state     | takes, claims, attempts | settlements | owner in the table |
 * |-----------|-------------------------|-------------|--------------------|
 * | active    | yes                     | yes         | this process       |
 * | releasing | no                      | yes         | this process       |
 * | drained   | no                      | none left   | this process       |
 * | released  | no                      | no          | none, or another   |
 */
export interface AssignedPartitions {
  /** Returns the epochs of the active partitions. */
  active(): ReadonlyMap<number, number>
  /** Returns the epochs of all partitions that this process owns. */
  owned(): ReadonlyMap<number, number>
  /** Returns the partitions that are being released, drained or not. */
  releasing(): ReadonlySet<number>
  drained(): ReleasedPartition[]
  /** Sets the partitions that this process owns. New ones among them become active. */
  replace(owned: readonly OwnedPartition[]): void
  /** Sets the new epochs of partitions that are active. */
  renewed(partitions: readonly OwnedPartition[]): void
  /**
   * Takes nothing from the broker until `replace`: the owners are not known, and a new owner must get the records.
   */
  suspend(): void
  /** Begins to release partitions. `format`: what their next owner must read at least, because this one could not. */
  release(partitions: Iterable<number>, format?: number): void
  /** Resolves when all partitions that are being released now are drained. */
  allDrained(): Promise<void>
}

interface Releasing {
  readonly epoch: number
  readonly format: number
  isDrained: boolean
}

export function createAssignedPartitions({
  broker,
  drain,
  onDrained,
  log,
}: AssignedPartitionsDeps): AssignedPartitions {
  let active: ReadonlyMap<number, number> = new Map()
  /** All that is owned: asked for several times for each event, so it is only made anew when it has changed. */
  let owned: ReadonlyMap<number, number> = active
  const releasing = new Map<number, Releasing>()
  const draining = new Set<Promise<void>>()
  let isSuspended = false

  /** Resolves when the broker has released the partitions that are no longer active. */
  const tellBroker = () =>
    broker
      .assign(isSuspended ? [] : [...active.keys()])
      .catch((error: unknown) => log.warn({ err: error }, 'the broker did not release partitions'))

  function setActive(epochs: ReadonlyMap<number, number>): void {
    active = epochs
    owned = new Map([...active, ...[...releasing].map(([id, { epoch }]) => [id, epoch] as const)])
  }

  function beginDraining(id: number, one: Releasing, released: Promise<void>): void {
    const drained = Promise.all([drain(id), released])
      .catch((error: unknown) => log.error({ err: error, partition: id }, 'a partition was not drained'))
      .then(() => {
        one.isDrained = true
        draining.delete(drained)
        onDrained()
      })
    draining.add(drained)
  }

  return {
    active: () => active,
    owned: () => owned,
    releasing: () => new Set(releasing.keys()),
    drained: () => [...releasing].filter(([, { isDrained }]) => isDrained).map(([id, { format }]) => ({ id, format })),
    replace(partitions) {
      const epochs = new Map(partitions.map(({ id, epoch }) => [id, epoch]))
      for (const [id, { epoch }] of releasing) if (epochs.get(id) !== epoch) releasing.delete(id)
      const before = active
      setActive(new Map([...epochs].filter(([id]) => !releasing.has(id))))
      const lost = [...before].filter(([id, epoch]) => active.get(id) !== epoch).map(([id]) => id)
      if (lost.length > 0) log.warn({ partitions: rangesOf(lost) }, 'partitions lost to another process')
      const isChanged = isSuspended || lost.length > 0 || active.size !== before.size
      isSuspended = false
      if (isChanged) void tellBroker()
    },
    renewed(partitions) {
      const epochs = new Map(partitions.map(({ id, epoch }) => [id, epoch]))
      setActive(new Map([...active].map(([id, epoch]) => [id, epochs.get(id) ?? epoch])))
    },
    suspend() {
      if (isSuspended) return
      isSuspended = true
      void tellBroker()
    },
    release(partitions, format = 0) {
      const going = [...partitions].flatMap((id) => {
        const epoch = active.get(id)
        return epoch === undefined ? [] : [[id, { epoch, format, isDrained: false }] as const]
      })
      if (going.length === 0) return
      for (const [id, one] of going) releasing.set(id, one)
      setActive(new Map([...active].filter(([id]) => !releasing.has(id))))
      const released = tellBroker()
      for (const [id, one] of going) beginDraining(id, one, released)
    },
    async allDrained() {
      await Promise.all(draining)
    },
  }
}
