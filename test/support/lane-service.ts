import type { Database } from '@tidings/server/db/database.ts'
import { readConfig } from '@tidings/server/config/config.ts'
import type { Sender } from '@tidings/server/delivery/sender.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { createLog } from '@tidings/server/log.ts'
import { renewEpochs } from '@tidings/server/ownership/ownership-store.ts'
import { createDeliveries } from '@tidings/server/wiring/deliveries.ts'
import type { Pools } from '@tidings/server/wiring/pools.ts'
import type { StepwiseService } from './stepwise-service.ts'

const log = createLog({ level: 'silent' })

export interface LaneServiceOptions {
  /** Sends webhooks. */
  readonly sender: Sender
  /** Instead of the database of the steps, for one kind of work. */
  readonly pools?: Partial<Pools>
  /** Variables of an operator. */
  readonly env?: Readonly<Record<string, string>>
}

/** Dispatch and delivery as the service runs them, on the partitions of the steps. */
export interface LaneService {
  /** As of the lease: what is false stops new work at once. */
  isLeaseHeld: boolean
  /** The epochs that it works under, as ownership tells them. */
  epochs: ReadonlyMap<number, number>
  /** Has dispatch look for events at once. */
  wake(): void
  /** As a hand-over of all partitions. */
  drain(): Promise<void>
  stop(): Promise<void>
}

export function startLaneService(
  { db, owned: { ownerId, epochs }, partitions }: StepwiseService,
  { sender, pools = {}, env = {} }: LaneServiceOptions,
): LaneService {
  const owned = () => ({ ownerId, epochs: service.epochs })
  const ownership = {
    activePartitions: owned,
    ownedPartitions: owned,
    isLeaseHeld: () => service.isLeaseHeld,
    workingDispatchers: () => 1,
    renew: (ids: readonly number[]) => void renew(ids),
    refuse: () => undefined,
  }
  const all: Pools = {
    api: db,
    probes: db,
    callback: db,
    search: db,
    longLists: db,
    clock: db,
    publish: db,
    pump: db,
    lease: db,
    dispatch: db,
    slowDispatch: db,
    claim: db,
    settle: db,
    deletions: db,
    claimMail: db,
    settleMail: db,
    recovery: db,
    housekeeping: db,
    ...pools,
  } satisfies Record<keyof Pools, Database>
  const deliveries = createDeliveries({
    config: readConfig({ TIDINGS_RETRY_DELAYS_S: '0.05', ...env }),
    pools: all,
    ownership,
    now: () => new Date(),
    onRequest: () => dispatch.wake(),
    onCountedDown: () => undefined,
    resolve: () => Promise.reject(new Error('nothing is resolved')),
    wrapWebhookSender: () => sender,
    log,
  })
  const dispatch = createDispatch({
    db: all.dispatch,
    slowDb: all.slowDispatch,
    lanes: deliveries.lanes,
    ownership,
    onRemovals: () => undefined,
    log,
  })
  let stopped: Promise<void> | undefined

  async function renew(ids: readonly number[]): Promise<void> {
    const mine = [...service.epochs].flatMap(([id, epoch]) => (ids.includes(id) ? [{ id, epoch }] : []))
    const renewed = await renewEpochs(db, ownerId, mine)
    service.epochs = new Map([...service.epochs, ...renewed.map(({ id, epoch }) => [id, epoch] as const)])
    dispatch.wake()
  }

  async function stop(): Promise<void> {
    await service.drain()
    await dispatch.stop()
    await deliveries.stop()
  }

  const service: LaneService = {
    isLeaseHeld: true,
    epochs,
    wake: dispatch.wake,
    async drain() {
      await Promise.all(partitions.map((partition) => deliveries.drain(partition)))
    },
    stop: () => (stopped ??= stop()),
  }
  deliveries.start()
  dispatch.start()
  return service
}
