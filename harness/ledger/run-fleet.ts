import { required } from '@tidings/server/runtime/required.ts'
import { extractRevision, formerRelease } from '../revisions.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect-publisher.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { startRunDeadline } from './run-deadline.ts'
import { createFleetNemesis } from './faults/fleet-nemesis.ts'
import { createFleet, type BrokerKind } from '../fleet/fleet.ts'
import { planFaults } from './faults/fault-plan.ts'
import { createPlan } from './plan/publish-plan.ts'
import { runScenario } from './scenario.ts'
import type { LedgerReport } from './ledger-report.ts'
import type { RunOptions } from './run-single.ts'
import { createSandbox } from '../fleet/sandbox.ts'

export interface FleetLedgerOptions extends RunOptions {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  /** How long to publish. */
  readonly publishingMs: number
  /** Events a second. */
  readonly rate: number
  readonly series: number
  /** How many faults to inject. */
  readonly faults: number
  /** Starts every second process of a role from the last revision of the former release. */
  readonly isMixed?: boolean
  /** TIDINGS_PARTITIONS; undefined: the service's default for the broker. */
  readonly partitions?: number | undefined
}

const PUBLISHERS = 4
/** Time after the publishing, for processes that are still stopped and for the backlog. */
const DRAIN_LIMIT_MS = 5 * 60_000

/**
 * Publishes to several processes, kills and stops them meanwhile, and PostgreSQL and RabbitMQ below them, and accounts
 * for every event. Rejects if a process does not start again. Leaves nothing behind except, after a failure, the logs.
 */
export async function runFleetLedger(options: FleetLedgerOptions): Promise<LedgerReport> {
  const {
    broker,
    apis,
    dispatchers,
    publishingMs,
    rate,
    seed,
    signal,
    isMixed = false,
    keepLogs = false,
    deadlineMs = publishingMs + DRAIN_LIMIT_MS,
  } = options
  const plan = createPlan({ events: Math.ceil((rate * publishingMs) / 1000), series: options.series, kills: 0, seed })
  const planned = planFaults({ publishingMs, count: options.faults, apis, dispatchers, broker, seed })
  const sandbox = await createSandbox()
  const alarms = createAlarms()
  const otherRoot = isMixed ? await extractFormerRelease(sandbox.otherRoot) : undefined
  const fleet = await createFleet({
    broker,
    apis,
    dispatchers,
    otherRoot,
    sandbox,
    alarms,
    ...(options.partitions !== undefined && { env: { TIDINGS_PARTITIONS: String(options.partitions) } }),
  })
  const deadline = startRunDeadline(deadlineMs, signal)
  let isClean = false
  try {
    await fleet.startApis()
    await fleet.startDispatchers()
    const clients = await Promise.all(
      Array.from({ length: PUBLISHERS }, () => connectTo(sandbox.dataDir, fleet.apiPorts)),
    )
    const watch = createDatabaseWatch(sandbox.cluster)
    const report = await runScenario({
      plan,
      hasKeys: true,
      clients,
      watch,
      alarms,
      logDir: sandbox.logDir,
      until: deadline.signal,
      setting: `${apis} api, ${dispatchers} dispatchers, broker ${broker}${isMixed ? ', two versions' : ''}`,
      pacing: { perSecond: rate, forMs: publishingMs },
      createNemesis: () => createFleetNemesis({ planned, fleet, watch }),
      finish: () => fleet.stopProcesses().then(fleet.leftInQueues),
    }).finally(() => Promise.all(clients.map((client) => client.close())))
    isClean = report.failures.length === 0
    return report
  } finally {
    deadline.clear()
    await fleet.remove()
    await sandbox.remove({ keepLogs: keepLogs || !isClean })
  }
}

const extractFormerRelease = async (directory: string) =>
  extractRevision(directory, required(await formerRelease(), 'the former release, which a shallow clone lacks'))
