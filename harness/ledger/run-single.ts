import { findFreePort } from '../free-port.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect-publisher.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { startRunDeadline } from './run-deadline.ts'
import { createProcessNemesis } from './faults/process-nemesis.ts'
import { createSupervisor } from '../fleet/supervisor.ts'
import { createPlan, type PlanOptions } from './plan/publish-plan.ts'
import { runScenario } from './scenario.ts'
import type { LedgerReport } from './ledger-report.ts'
import { LEDGER_ENV } from '../fleet/ledger-env.ts'
import { createSandbox } from '../fleet/sandbox.ts'

/** Options of every run of the ledger. */
export interface RunOptions {
  readonly seed: number
  /** After this time the run is checked as it is. */
  readonly deadlineMs?: number
  /** When aborted, the run is checked as it is. */
  readonly signal?: AbortSignal
  /** Keeps the logs even without a failure. */
  readonly keepLogs?: boolean
}

export interface SingleLedgerOptions extends PlanOptions, RunOptions {
  /** Publish with an Idempotency-Key. */
  readonly hasKeys: boolean
}

const DEADLINE_MS = 10 * 60_000

/**
 * Publishes a plan to a service of one process, kills it meanwhile, and accounts for every event. Rejects if the
 * service does not start again. Leaves nothing behind except, after a failure, the logs.
 */
export async function runSingleLedger({
  hasKeys,
  deadlineMs = DEADLINE_MS,
  signal,
  keepLogs = false,
  ...planOptions
}: SingleLedgerOptions): Promise<LedgerReport> {
  const plan = createPlan(planOptions)
  const deadline = startRunDeadline(deadlineMs, signal)
  const sandbox = await createSandbox()
  const { dataDir, logDir, cluster } = sandbox
  const port = await findFreePort()
  const alarms = createAlarms()
  const supervisor = createSupervisor({
    name: 'service',
    service: () => ({ dataDir, env: { ...LEDGER_ENV, TAPIS_SERVICE_PORT: String(port) } }),
    logDir,
    alarms,
  })
  let isClean = false
  try {
    await supervisor.start()
    const client = await connectTo(dataDir, [port])
    const report = await runScenario({
      plan,
      hasKeys,
      alarms,
      logDir,
      until: deadline.signal,
      clients: [client],
      setting: 'one process',
      watch: createDatabaseWatch(cluster),
      createNemesis: (progress) => createProcessNemesis({ planned: plan.kills, supervisor, progress }),
      finish: () => supervisor.stop().then(() => []),
    }).finally(client.close)
    isClean = report.failures.length === 0
    return report
  } finally {
    deadline.clear()
    await supervisor.stop()
    await sandbox.remove({ keepLogs: keepLogs || !isClean })
  }
}
