import { POOL_SETTINGS } from '@tidings/server/wiring/pools.ts'
import type { Log } from '@tidings/server/log.ts'
import type { Direction, Link } from '../database/connection.ts'
import { createSimPool, type SimPool } from '../database/pool.ts'
import type { DatabaseServer } from '../database/server.ts'
import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Trace } from '../world/trace.ts'
import { createSimMachine, type SimMachine } from './machine.ts'
import { createSimLog } from './sim-log.ts'

/** What every simulated process runs in. */
export interface World {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly server: DatabaseServer
  readonly trace: Trace
  readonly onAlarm: (text: string) => void
  /** Until then some connections to receivers take long. */
  readonly slowUntilMs: number
}

type PoolName = keyof typeof POOL_SETTINGS

/** One process: a machine, a log, connections. What runs in it is wired by its role. */
export interface SimProcess {
  readonly name: string
  readonly machine: SimMachine
  readonly log: Log
  /** The pools have the limits of the service (server/wiring/pools.ts). */
  pool(name: PoolName): SimPool
  /** Until then, what goes to or comes from the database is under way; of one pool, or of all. */
  holdUp(untilMs: number, direction: Direction, pool?: string): void
  cutConnections(pool?: string): void
  /** SIGKILL: the kernel closes its connections. */
  kill(): void
}

const ALL = ''
const USUAL_DELAY_MS = { min: 0.1, max: 0.9 }

export function createSimProcess(world: World, name: string): SimProcess {
  const { scheduler, server, trace, onAlarm } = world
  const random = world.random.fork()
  const machine = createSimMachine(scheduler, random, name)
  const pools = new Map<string, SimPool>()
  const heldUpUntil = new Map<string, number>()

  const heldUp = (direction: Direction, pool: string) => heldUpUntil.get(`${direction} ${pool}`) ?? 0

  const link: Link = {
    delayMs: (pool, direction) =>
      random.between(USUAL_DELAY_MS.min, USUAL_DELAY_MS.max) +
      Math.max(0, heldUp(direction, pool) - scheduler.now, heldUp(direction, ALL) - scheduler.now),
  }

  function open(pool: PoolName): SimPool {
    const known = pools.get(pool)
    if (known) return known
    const settings = POOL_SETTINGS[pool]
    const made = createSimPool({
      scheduler,
      random,
      machine,
      server,
      link,
      pool,
      who: `${name} ${pool}`,
      settings,
    })
    pools.set(pool, made)
    return made
  }

  function cutConnections(pool?: string): void {
    for (const [one, opened] of pools) if (pool === undefined || pool === one) opened.cut()
  }

  return {
    name,
    machine,
    log: createSimLog(trace, name, onAlarm),
    pool: open,
    holdUp: (untilMs, direction, pool = ALL) =>
      void heldUpUntil.set(`${direction} ${pool}`, Math.max(untilMs, heldUp(direction, pool))),
    cutConnections,
    kill() {
      machine.kill()
      cutConnections()
    },
  }
}
