import type { OwnedPartitions } from '../db/fence.ts'
import type { PartitionLanes } from './lane-model.ts'

export interface OpenPartitionsDeps {
  readonly homes: ReadonlyMap<number, PartitionLanes>
  readonly active: () => OwnedPartitions
}

/**
 * Creates a function that returns the partitions that are active and open, both under the same epoch. It is asked
 * several times for each event, so as long as nothing has changed it returns what it has returned before.
 */
export function createOpenPartitions({ homes, active }: OpenPartitionsDeps): () => OwnedPartitions {
  let last: { readonly active: OwnedPartitions; readonly open: OwnedPartitions } | undefined

  function isAsBefore(now: OwnedPartitions, before: NonNullable<typeof last>): boolean {
    if (before.active.epochs !== now.epochs || before.active.ownerId !== now.ownerId) return false
    let open = 0
    let different = 0
    homes.forEach((home) => {
      if (!isOpenIn(now, home)) return
      open += 1
      if (before.open.epochs.get(home.partition) !== home.epoch) different += 1
    })
    return different === 0 && open === before.open.epochs.size
  }

  return () => {
    const now = active()
    if (last && isAsBefore(now, last)) return last.open
    const isHome = ([id]: readonly [number, number]) => {
      const home = homes.get(id)
      return home !== undefined && isOpenIn(now, home)
    }
    const open = { ownerId: now.ownerId, epochs: new Map([...now.epochs].filter(isHome)) }
    last = { active: now, open }
    return open
  }
}

const isOpenIn = ({ epochs }: OwnedPartitions, { state, partition, epoch }: PartitionLanes) =>
  state === 'open' && epochs.get(partition) === epoch
