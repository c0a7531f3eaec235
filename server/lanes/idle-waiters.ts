import type { PartitionLanes } from './lane-model.ts'

/** Waits for partitions to have nothing on the wire, nor being written. */
export interface IdleWaiters {
  /** Resolves when that is so for this partition, or for all. */
  wait(partition?: number): Promise<void>
  /** Something has ended in this partition. */
  check(partition: number): void
}

interface IdleWaiter {
  readonly partition: number | undefined
  readonly resolve: () => void
}

export function createIdleWaiters(homes: ReadonlyMap<number, PartitionLanes>): IdleWaiters {
  let waiters: IdleWaiter[] = []

  const isIdle = (partition: number | undefined) =>
    [...homes.values()].every((home) => (partition !== undefined && home.partition !== partition) || !isWorking(home))

  function check(partition: number | undefined): void {
    if (waiters.length === 0) return
    const done = waiters.filter(
      (waiter) => (waiter.partition === undefined || waiter.partition === partition) && isIdle(waiter.partition),
    )
    if (done.length === 0) return
    waiters = waiters.filter((waiter) => !done.includes(waiter))
    for (const { resolve } of done) resolve()
  }

  return {
    wait: (partition) =>
      new Promise((resolve) => {
        waiters.push({ partition, resolve })
        check(partition)
      }),
    check,
  }
}

const isWorking = ({ lanes }: PartitionLanes) =>
  [...lanes.values()].some(({ step, freeze }) => step === 'sending' || step === 'settling' || freeze?.leaves === true)
