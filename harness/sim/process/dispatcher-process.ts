import { createDatabaseBroker } from '@tidings/server/broker/database-broker.ts'
import type { OwnedPartitions } from '@tidings/server/db/fence.ts'
import { createCancelSweep } from '@tidings/server/delivery/cancel-sweep.ts'
import type { PlacedLane } from '@tidings/server/lanes/placed-lane.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { createOwnership } from '@tidings/server/ownership/ownership.ts'
import { createReaper } from '@tidings/server/recovery/reaper.ts'
import { createSubjectRemoval } from '@tidings/server/recovery/subject-removal.ts'
import type { Worker } from '@tidings/server/runtime/loop.ts'
import type { Receivers } from '../world/receivers.ts'
import { createSimDeliveries } from './sim-deliveries.ts'
import { createSimSender, type SentRequest } from './sender.ts'
import { createSimProcess, type SimProcess, type World } from './sim-process.ts'

export interface DispatcherDeps {
  readonly world: World
  readonly receivers: Receivers
  readonly onSend: (dispatcher: Dispatcher, uuid: string) => SentRequest
}

/** A process of the role dispatcher, wired as server/wiring/dispatcher-role.ts does. */
export interface Dispatcher extends SimProcess {
  owned(): OwnedPartitions
  isBusy(lane: PlacedLane): boolean
  /** As by a NOTIFY. */
  wake(): void
  /** SIGTERM. Resolves when the process has ended by itself. */
  stop(): Promise<void>
}

const REAPER_INTERVAL_MS = 5000

export function createDispatcher({ world, receivers, onSend }: DispatcherDeps, name: string): Dispatcher {
  const base = createSimProcess(world, name)
  const { machine, log, pool } = base
  const broker = createDatabaseBroker({ writer: pool('publish'), notifies: true })
  const ownership = createOwnership({
    db: pool('lease'),
    broker,
    address: () => name,
    isAlone: false,
    log,
    machine,
    onLeased: () => undefined,
    drain: (partition) => deliveries.drain(partition),
    onTaken: () => {
      dispatch.news()
      cancelSweep.sweepAll()
    },
  })
  const removal = createSubjectRemoval({ db: pool('recovery'), log, machine })
  const deliveries = createSimDeliveries({
    process: base,
    ownership,
    sender: createSimSender({ ...world, machine, receivers, onSend: (uuid) => onSend(dispatcher, uuid) }),
    now: () => new Date(world.server.now()),
    onRequest: () => dispatch.wake(),
    onCountedDown: removal.wake,
  })
  const dispatch = createDispatch({
    db: pool('dispatch'),
    slowDb: pool('slowDispatch'),
    lanes: deliveries.lanes,
    ownership,
    onRemovals: removal.wake,
    log,
    machine,
  })
  const cancelSweep = createCancelSweep({
    db: pool('recovery'),
    ownership,
    lanes: deliveries.lanes,
    isBusy: deliveries.isBusy,
    onEmptied: deliveries.emptied,
    onCancelled: removal.wake,
    log,
    machine,
  })
  const reaper = createReaper({ db: pool('recovery'), intervalMs: REAPER_INTERVAL_MS, log, machine })
  const repairs: Worker[] = [removal, cancelSweep, reaper]

  const dispatcher: Dispatcher = {
    ...base,
    owned: ownership.activePartitions,
    isBusy: deliveries.isBusy,
    wake: () => machine.deliver(() => dispatch.news()),
    async stop() {
      await ownership.stop()
      await dispatch.stop()
      await deliveries.stop()
      await Promise.all(repairs.map((worker) => worker.stop()))
      base.kill()
    },
  }
  for (const worker of [ownership, deliveries, dispatch, ...repairs]) worker.start()
  return dispatcher
}
