import { findFreePort } from '../free-port.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { startDeadline } from './deadline.ts'
import { createKiller } from './disturb/killer.ts'
import { createLives } from '../fleet/lives.ts'
import { createPlan, type PlanOptions } from './plan/plan.ts'
import { runPlay } from './play.ts'
import type { LedgerReport } from './report.ts'
import { LEDGER_ENV } from '../fleet/service-env.ts'
import { createWorkplace } from '../fleet/workplace.ts'

/** What every run of the ledger can be told. */
export interface RunOptions {
  readonly seed: number
  /** After this the run is judged as it is. */
  readonly deadlineMs?: number
  /** Judges the run as it is, too. */
  readonly signal?: AbortSignal
  /** Also when nothing is wrong. */
  readonly keepLogs?: boolean
}

export interface LedgerOptions extends PlanOptions, RunOptions {
  /** Publish with an Idempotency-Key. */
  readonly hasKeys: boolean
}

const DEADLINE_MS = 10 * 60_000

/**
 * Publishes a plan to a service of one process that is killed meanwhile, and accounts for every event. Rejects when the
 * service does not start again. Leaves nothing behind but, after a fault, the logs.
 */
export async function runLedger({ hasKeys, deadlineMs = DEADLINE_MS, signal, keepLogs = false, ...planOptions }: LedgerOptions): Promise<LedgerReport> {
  const plan = createPlan(planOptions)
  const deadline = startDeadline(deadlineMs, signal)
  const workplace = await createWorkplace()
  const { dataDir, logDir, cluster } = workplace
  const port = await findFreePort()
  const alarms = createAlarms()
  const lives = createLives({ name: 'service', service: () => ({ dataDir, env: { ...LEDGER_ENV, TAPIS_SERVICE_PORT: String(port) } }), logDir, alarms })
  let isClean = false
  try {
    await lives.start()
    const client = await connectTo(dataDir, [port])
    const report = await runPlay({
      plan, hasKeys, alarms, logDir, until: deadline.signal, clients: [client], setting: 'one process',
      watch: createDatabaseWatch(cluster),
      createTrouble: (progress) => createKiller({ planned: plan.kills, lives, progress }),
      finish: () => lives.end().then(() => []),
    }).finally(client.close)
    isClean = report.faults.length === 0
    return report
  } finally {
    deadline.clear()
    await lives.end()
    await workplace.remove({ keepLogs: keepLogs || !isClean })
  }
}
