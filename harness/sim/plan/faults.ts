import type { Fleet, Slot } from '../process/fleet.ts'
import type { SimProcess } from '../process/sim-process.ts'
import { usualCommitMs, type DatabaseServer } from '../database/server.ts'
import type { FaultWindows } from '../world/fault-windows.ts'
import type { Random } from '../world/random.ts'
import type { ReceiverMode, Receivers } from '../world/receivers.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Trace } from '../world/trace.ts'
import { ADDRESSES } from './plan.ts'

export interface FaultDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly trace: Trace
  readonly server: DatabaseServer
  readonly receivers: Receivers
  readonly fleet: Fleet
  readonly windows: FaultWindows
  /** Faults begin before it, and what they broke is whole again soon after. */
  readonly untilMs: number
}

/** Until others have taken over, retries have come round, and waiting connections have been given up. */
const AFTERMATH_MS = 7000
const MIN_FAULTS = 10
const POOLS = ['lease', 'claim', 'settle', 'deletions', 'dispatch', 'recovery', 'publish', 'api']

type Fault = (deps: FaultDeps) => void

/** Each with its weight. */
const FAULTS: readonly (readonly [number, Fault])[] = [
  [5, killDispatcher],
  [2, stopDispatcher],
  [4, pauseDispatcher],
  [4, cutConnections],
  [4, loseAnswers],
  [3, loseLease],
  [3, commitSlowly],
  [7, leaveGhosts],
  [2, restartDatabase],
  [2, waitBeforeLocks],
  [6, breakReceiver],
  [2, killApi],
  [2, pauseApi],
]

/** Breaks things at random moments. */
export function startFaults(deps: FaultDeps): void {
  const { scheduler, random, untilMs } = deps
  const total = FAULTS.reduce((sum, [weight]) => sum + weight, 0)
  for (let count = MIN_FAULTS + random.below(6); count > 0; count -= 1) {
    let drawn = random.next() * total
    const fault = FAULTS.find(([weight]) => (drawn -= weight) < 0)?.[1]
    scheduler.after(random.between(500, untilMs - 500), () => fault?.(deps))
  }
}

/** Returns how long a fault may last that begins now. */
function duration({ scheduler, random, untilMs }: FaultDeps, min: number, max: number): number {
  return Math.min(random.between(min, max), Math.max(min, untilMs - scheduler.now))
}

function note({ scheduler, trace, windows }: FaultDeps, kind: string, whom: string, forMs: number): void {
  trace.note('FAULT', () => `${kind} ${whom} for ${Math.round(forMs)} ms`)
  windows.add({ kind, whom, from: scheduler.now, until: scheduler.now + forMs + AFTERMATH_MS })
}

/** Calls back with a process that runs, if the place that chance picks has one. */
function withProcess<Process extends SimProcess>(
  { random }: FaultDeps,
  slots: readonly Slot<Process>[],
  use: (process: Process, slot: Slot<Process>) => void,
): void {
  const slot = random.pick(slots)
  if (slot.current?.machine.state === 'running') use(slot.current, slot)
}

function kill(deps: FaultDeps, slots: readonly Slot<SimProcess>[]): void {
  withProcess(deps, slots, (process, slot) => {
    const forMs = duration(deps, 100, 3000)
    note(deps, 'kill', process.name, forMs)
    process.kill()
    slot.current = undefined
    deps.scheduler.after(forMs, () => slot.start())
  })
}

function killDispatcher(deps: FaultDeps): void {
  kill(deps, deps.fleet.dispatchers)
}

function killApi(deps: FaultDeps): void {
  kill(deps, deps.fleet.apis)
}

/** A polite stop: no fault, so it excuses nothing. */
function stopDispatcher(deps: FaultDeps): void {
  withProcess(deps, deps.fleet.dispatchers, (process, slot) => {
    const { scheduler, trace, random } = deps
    trace.note('FAULT', () => `stop ${process.name}`)
    const restMs = random.between(50, 1500)
    void process.stop().then(() => {
      trace.note(process.name, () => 'has stopped')
      if (slot.current !== process) return
      slot.current = undefined
      scheduler.after(restMs, () => slot.start())
    })
  })
}

function pause(deps: FaultDeps, slots: readonly Slot<SimProcess>[]): void {
  withProcess(deps, slots, (process) => {
    const forMs = duration(deps, 200, 8000)
    note(deps, 'pause', process.name, forMs)
    process.machine.pause()
    deps.scheduler.after(forMs, process.machine.resume)
  })
}

function pauseDispatcher(deps: FaultDeps): void {
  pause(deps, deps.fleet.dispatchers)
}

function pauseApi(deps: FaultDeps): void {
  pause(deps, deps.fleet.apis)
}

const everybody = ({ dispatchers, apis }: Fleet): readonly Slot<SimProcess>[] => [...dispatchers, ...apis]

function cutConnections(deps: FaultDeps): void {
  withProcess(deps, everybody(deps.fleet), (process) => {
    const pool = deps.random.chance(0.5) ? deps.random.pick(POOLS) : undefined
    note(deps, `cut ${pool ?? 'all'}`, process.name, 0)
    process.cutConnections(pool)
  })
}

/** What is under way in this time arrives at its end, unless somebody has given up; both ways, or answers only. */
function loseAnswers(deps: FaultDeps): void {
  withProcess(deps, everybody(deps.fleet), (process) => {
    const pool = deps.random.chance(0.5) ? deps.random.pick(POOLS) : undefined
    const forMs = duration(deps, 300, 6000)
    const directions = deps.random.chance(0.5) ? (['answers'] as const) : (['statements', 'answers'] as const)
    note(deps, `hold up ${directions.join(' and ')} of ${pool ?? 'all'}`, process.name, forMs)
    for (const direction of directions) process.holdUp(deps.scheduler.now + forMs, direction, pool)
    if (deps.random.chance(0.5)) deps.scheduler.after(forMs * deps.random.next(), () => process.cutConnections(pool))
  })
}

/** Renewals do not come through for about as long as a lease lasts, while everything else works. */
function loseLease(deps: FaultDeps): void {
  withProcess(deps, deps.fleet.dispatchers, (process) => {
    const forMs = deps.random.between(2800, 5200)
    note(deps, 'hold up the lease', process.name, forMs)
    for (const direction of ['statements', 'answers'] as const)
      process.holdUp(deps.scheduler.now + forMs, direction, 'lease')
  })
}

function commitSlowly(deps: FaultDeps): void {
  const forMs = duration(deps, 300, 3000)
  note(deps, 'slow commits', 'database', forMs)
  deps.server.setCommitMs({ min: 20, max: deps.random.between(200, 3500) })
  deps.scheduler.after(forMs, () => deps.server.setCommitMs(usualCommitMs))
}

/** What a dispatcher writes, each in a statement with its commit. */
const WRITES: ReadonlySet<string> = new Set([
  'dispatch_records',
  'settle_notifications',
  'freeze_lanes',
  'thaw_lanes',
  'expand_fan_outs',
])
const CUT_SHARE = 0.6

/** Connections break while commits or statements take long: the server goes on with them beside what comes next. */
function leaveGhosts(deps: FaultDeps): void {
  withProcess(deps, deps.fleet.dispatchers, (process) => {
    const forMs = duration(deps, 1500, 4000)
    note(deps, 'ghosts', process.name, forMs)
    if (deps.random.chance(0.5)) deps.server.setCommitMs({ min: 10, max: deps.random.between(50, forMs) })
    else deps.server.setStalls(0.12)
    const stopListening = deps.server.listen((who, model) => {
      const [name, pool] = who.split(' ')
      if (name === process.name && WRITES.has(model) && deps.random.chance(CUT_SHARE)) process.cutConnections(pool)
    })
    deps.scheduler.after(forMs, () => {
      deps.server.setCommitMs(usualCommitMs)
      deps.server.setStalls(0)
      stopListening()
    })
    for (let cuts = 2; cuts > 0; cuts -= 1)
      deps.scheduler.after(deps.random.between(0, forMs), () =>
        process.cutConnections(deps.random.pick(['dispatch', 'dispatch', 'settle'])),
      )
  })
}

function restartDatabase(deps: FaultDeps): void {
  if (!deps.server.isUp) return
  const forMs = duration(deps, 100, 3000)
  note(deps, 'restart', 'database', forMs)
  deps.server.crash()
  deps.scheduler.after(forMs, () => deps.server.restart())
}

function waitBeforeLocks(deps: FaultDeps): void {
  const forMs = duration(deps, 500, 3000)
  note(deps, 'slow statements', 'database', forMs)
  deps.server.setLockDelays(0.3)
  deps.scheduler.after(forMs, () => deps.server.setLockDelays(0))
}

const MODES: readonly ReceiverMode[] = ['slow', 'hanging', 'down', 'failing', 'busy', 'gone', 'cutting']

function breakReceiver(deps: FaultDeps): void {
  const address = deps.random.pick(ADDRESSES)
  const mode = deps.random.pick(MODES)
  const forMs = duration(deps, 300, 5000)
  note(deps, mode, address, forMs)
  deps.receivers.setMode(address, mode)
  deps.scheduler.after(forMs, () => deps.receivers.setMode(address, 'prompt'))
}
