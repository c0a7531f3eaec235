import { EVENTS, NOTIFICATIONS } from './database/schema.ts'
import { createModels } from './database/model.ts'
import { createDatabaseServer, type DatabaseServer } from './database/server.ts'
import { createJudge, type Judge } from './judge/judge.ts'
import { startFaults } from './plan/faults.ts'
import { insertFormerRows } from './plan/former-release.ts'
import { insertInitialRows } from './plan/initial-rows.ts'
import { createPlan, type Plan } from './plan/plan.ts'
import { createFleet, type Fleet } from './process/fleet.ts'
import { startPublishers } from './process/publishers.ts'
import { startUsers, type Users } from './process/users.ts'
import { allStatements } from './statements/all-statements.ts'
import { checkFingerprint, type OnText } from './statements/check-fingerprint.ts'
import { createRandom, type Random } from './world/random.ts'
import { createReceivers } from './world/receivers.ts'
import { createScheduler, type Scheduler } from './world/scheduler.ts'
import { createTrace, type Trace } from './world/trace.ts'

export interface SeedResult {
  readonly seed: number
  /** Broken promises. */
  readonly findings: readonly string[]
  readonly events: number
  readonly notifications: number
  readonly sends: number
  readonly arrivals: number
  readonly faults: number
  readonly steps: number
  readonly simulatedMs: number
  readonly trace: readonly string[]
}

export interface SeedOptions {
  readonly isTraced?: boolean
  readonly onText?: OnText
}

/** So long after the last publish everything must be settled. */
const DRAIN_MS = 40_000
/** How often it is looked whether everything is settled. */
const LOOK_MS = 250
/** What comes after the last settlement: removals, releases. */
const REST_MS = 1000
/** A NOTIFY does not come where the connection that listens is just gone. */
const NOTIFIED_SHARE = 0.9

interface Run {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly plan: Plan
  readonly server: DatabaseServer
  readonly judge: Judge
  readonly fleet: Fleet
  readonly users: Users
  readonly publishersLeft: () => number
}

/** Runs one seed: the same seed is the same run, step by step. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const run = createRun(seed, options)
  const { scheduler, plan, judge, server, trace } = run
  await scheduler.run(plan.restedAtMs, () => false)
  const late = judge.leftovers()
  if (late !== undefined) judge.findings.report('late', `long after the last fault ${late}`)
  await scheduler.run(plan.publishes.at(-1)?.atMs ?? 0, () => false)
  const left = await drain(run)
  if (left !== undefined) judge.findings.report('stuck', `after ${DRAIN_MS / 1000} s ${left}`)
  else {
    await scheduler.run(scheduler.now + REST_MS, () => false)
    judge.end(run.fleet.dispatchers.flatMap(({ current }) => current ?? []))
  }
  return {
    seed,
    findings: judge.findings.all,
    events: [...server.tables.all(EVENTS)].length,
    notifications: [...server.tables.all(NOTIFICATIONS)].length,
    sends: judge.sends().sent,
    arrivals: judge.arrivals().count,
    faults: judge.faults.count,
    steps: scheduler.steps,
    simulatedMs: scheduler.now,
    trace: trace.lines,
  }
}

/** Runs until everything is settled. Returns what is left after the time limit. */
async function drain({ scheduler, judge, publishersLeft }: Run): Promise<string | undefined> {
  let isQuiet = false
  const look = () => {
    isQuiet = publishersLeft() === 0 && judge.leftovers() === undefined
    scheduler.after(LOOK_MS, look)
  }
  look()
  await scheduler.run(scheduler.now + DRAIN_MS, () => isQuiet)
  return judge.leftovers()
}

function createRun(seed: number, { isTraced = false, onText = checkFingerprint }: SeedOptions): Run {
  const random = createRandom(seed)
  const scheduler = createScheduler()
  const trace = createTrace(isTraced, () => scheduler.now)
  const plan = createPlan(random.fork())
  const judge: Judge = createJudge({
    scheduler,
    trace,
    plan,
    server: () => server,
    deletedAt: (id) => users.deletedAt(id),
  })
  const server: DatabaseServer = createServer({
    scheduler,
    trace,
    random: random.fork(),
    judge,
    fleet: () => fleet,
    onText,
  })
  insertInitialRows(server, plan)
  insertFormerRows(server, plan)
  const receivers = createReceivers({
    scheduler,
    random: random.fork(),
    onArrival(address, request, response) {
      trace.note(address.slice('http://'.length), () => `gets ${request.uuid}, ${JSON.stringify(response)}`)
      judge.arrivals().onArrival(address, request, response)
    },
  })
  const world = {
    scheduler,
    random: random.fork(),
    server,
    trace,
    onAlarm: judge.onAlarm,
    slowUntilMs: plan.calmFromMs,
  }
  const fleet: Fleet = createFleet({
    world,
    receivers,
    onSend(dispatcher, uuid) {
      trace.note(dispatcher.name, () => `sends ${uuid}`)
      return judge.sends().onSend(dispatcher, uuid)
    },
  })
  for (const slot of [...fleet.dispatchers, ...fleet.apis]) scheduler.after(random.between(0, 200), () => slot.start())
  const callers = { scheduler, trace, plan, apis: () => fleet.apis.flatMap(({ current }) => current ?? []) }
  const users: Users = startUsers({ ...callers, random: random.fork(), tables: server.tables })
  const publishersLeft = startPublishers({
    ...callers,
    random: random.fork(),
    ledger: judge.ledger,
    now: () => new Date(server.now()),
  })
  const broken = { scheduler, trace, server, receivers, fleet, windows: judge.faults }
  startFaults({ ...broken, random: random.fork(), untilMs: plan.calmFromMs })
  return { random, scheduler, trace, plan, server, judge, fleet, users, publishersLeft }
}

interface ServerParts {
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly random: Random
  readonly judge: Judge
  readonly fleet: () => Fleet
  readonly onText: OnText
}

function createServer({ scheduler, trace, random, judge, fleet, onText }: ServerParts): DatabaseServer {
  const onNotify = () => {
    for (const { current } of fleet().dispatchers)
      if (random.chance(NOTIFIED_SHARE)) scheduler.after(random.between(0.3, 3), () => current?.wake())
  }
  return createDatabaseServer({
    scheduler,
    random,
    modelOf: createModels({ models: allStatements({ onNotify, onRemoved: judge.onRemoved }), onText }),
    onCommit: judge.onCommit,
    onCommitted: judge.onCommitted,
    onDeadlock: judge.onDeadlock,
    onStatement: (who, name, values, result) => trace.note(who, () => `${name} ${shown(name, values)}: ${result}`),
  })
}

/** A new subscription has a random uuid, which the service itself draws; nothing depends on it. */
const shown = (name: string, values: readonly unknown[]) =>
  JSON.stringify(name === 'insertSubscription' ? values.slice(1) : values).slice(0, 160)
