import { createLog } from '../log.ts'
import { expect, test } from 'vitest'
import { createLaneKeeper } from './lane-keeper.ts'
import { createLaneMemory } from './lane-memory.ts'
import { createTargetCache } from './target-cache.ts'

const FAN_OUT = {
  ...{ partition: 3, position: 7, laneSeries: 's', tenant: 't', number: 1, deletesSubscriptions: false },
  size: 9,
  done: 0,
}

test('a dispatch under way knows the fan-outs of a partition whose hand-over has begun, a new slice does not', () => {
  const db = { query: () => Promise.resolve([]) }
  const memory = createLaneMemory({
    outletOf: () => {
      throw new Error('there is no lane')
    },
    onRequest: () => undefined,
    clock: () => 0,
  })
  const home = memory.begin(3, 1)
  home.state = 'open'
  home.fanOuts.set(FAN_OUT.position, FAN_OUT)
  let active = new Map([[3, 1]])
  const keeper = createLaneKeeper({
    db,
    memory,
    targets: createTargetCache({ db, isCancelled: () => false }),
    ownership: {
      activePartitions: () => ({ ownerId: '', epochs: active }),
      ownedPartitions: () => ({ ownerId: '', epochs: new Map([[3, 1]]) }),
      isLeaseHeld: () => true,
      workingDispatchers: () => 1,
      renew: () => undefined,
    },
    isReady: () => true,
    ended: () => Promise.resolve(),
    onLoaded: () => undefined,
    log: createLog({ level: 'silent' }),
    clock: () => 0,
  })
  expect([keeper.fanOuts(), keeper.openFanOuts()]).toEqual([[FAN_OUT], [FAN_OUT]])
  active = new Map()
  expect([keeper.fanOuts(), keeper.openFanOuts()]).toEqual([[FAN_OUT], []])
})
