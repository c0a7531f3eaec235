import { extractPreviousCommit } from '../previous-commit.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { startDeadline } from './deadline.ts'
import { createDisturber } from './disturb/disturber.ts'
import { createFleet, type BrokerKind } from '../fleet/fleet.ts'
import { planDisturbances } from './disturb/many-plan.ts'
import { createPlan } from './plan/plan.ts'
import { runPlay } from './play.ts'
import type { LedgerReport } from './report.ts'
import type { RunOptions } from './run.ts'
import { createWorkplace } from '../fleet/workplace.ts'

export interface ManyOptions extends RunOptions {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  /** How long to publish. */
  readonly publishingMs: number
  /** Events a second. */
  readonly rate: number
  readonly series: number
  /** How many disturbances. */
  readonly disturbances: number
  /** Every second process of a role is one of the previous commit. */
  readonly isMixed?: boolean
  /** TIDINGS_PARTITIONS; undefined: what the service makes of the broker. */
  readonly partitions?: number | undefined
}

const PUBLISHERS = 4
/** After the publishing: for what is stopped then, and for the backlog. */
const DRAIN_LIMIT_MS = 5 * 60_000

/**
 * Publishes to several processes that are killed and stopped meanwhile, as are PostgreSQL and RabbitMQ below them, and
 * accounts for every event. Rejects when a process does not start again. Leaves nothing behind but, after a fault, the logs.
 */
export async function runManyLedger(options: ManyOptions): Promise<LedgerReport> {
  const { broker, apis, dispatchers, publishingMs, rate, seed, signal, isMixed = false, keepLogs = false, deadlineMs = publishingMs + DRAIN_LIMIT_MS } = options
  const plan = createPlan({ events: Math.ceil((rate * publishingMs) / 1000), series: options.series, kills: 0, seed })
  const planned = planDisturbances({ publishingMs, count: options.disturbances, apis, dispatchers, broker, seed })
  const workplace = await createWorkplace()
  const alarms = createAlarms()
  const otherRoot = isMixed ? await extractPreviousCommit(workplace.otherRoot) : undefined
  const fleet = await createFleet({ broker, apis, dispatchers, otherRoot, workplace, alarms, ...(options.partitions !== undefined && { env: { TIDINGS_PARTITIONS: String(options.partitions) } }) })
  const deadline = startDeadline(deadlineMs, signal)
  let isClean = false
  try {
    await fleet.startApis()
    await fleet.startDispatchers()
    const clients = await Promise.all(Array.from({ length: PUBLISHERS }, () => connectTo(workplace.dataDir, fleet.apiPorts)))
    const watch = createDatabaseWatch(workplace.cluster)
    const report = await runPlay({
      plan, hasKeys: true, clients, watch, alarms, logDir: workplace.logDir, until: deadline.signal,
      setting: `${apis} api, ${dispatchers} dispatchers, broker ${broker}${isMixed ? ', two versions' : ''}`,
      pacing: { perSecond: rate, forMs: publishingMs },
      createTrouble: () => createDisturber({ planned, fleet, watch }),
      finish: () => fleet.endProcesses().then(fleet.leftInQueues),
    }).finally(() => Promise.all(clients.map((client) => client.close())))
    isClean = report.faults.length === 0
    return report
  } finally {
    deadline.clear()
    await fleet.remove()
    await workplace.remove({ keepLogs: keepLogs || !isClean })
  }
}
