import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { createClient, type Client } from '../client.ts'
import { createDatabaseWatch, type DatabaseWatch } from './database-watch.ts'
import { startDeadline } from './deadline.ts'
import { createIncarnations, type Incarnations } from './incarnations.ts'
import { createKiller } from './killer.ts'
import { createPlan, type Plan, type PlanOptions } from './plan.ts'
import { createProgress } from './progress.ts'
import { createPublishers } from './publishers.ts'
import { reconcile } from './reconcile.ts'
import { reportOf, type LedgerReport } from './report.ts'
import { createTargets } from './targets.ts'
import { createWorkplace, type Workplace } from './workplace.ts'

export interface LedgerOptions extends PlanOptions {
  /** Publish with an Idempotency-Key. */
  readonly hasKeys: boolean
  /** After this the run is judged as it is. */
  readonly deadlineMs?: number
  /** Judges the run as it is, too. */
  readonly signal?: AbortSignal
  /** Also when nothing is wrong. */
  readonly keepLogs?: boolean
}

const DEADLINE_MS = 10 * 60_000
/** Every setting that could come in from outside is the ledger's. */
const SERVICE_ENV = {
  TIDINGS_RETRY_DELAYS_S: '1,1,2,5', DATABASE_URL: undefined, BROKER_URL: undefined, TENANTS_FILE: undefined, TAPIS_TENANT_SVC_BASEURL: undefined,
  TIDINGS_ROLE: undefined, TIDINGS_PARTITIONS: undefined, TIDINGS_ALLOW_ADDRESSES: undefined, HOST: undefined, LOG_LEVEL: 'info',
}

/**
 * Publishes a plan to a service of its own that is killed meanwhile, and accounts for every event. Rejects when the
 * service does not start again. Leaves nothing behind but, after a fault, the logs.
 */
export async function runLedger({ hasKeys, deadlineMs = DEADLINE_MS, signal, keepLogs = false, ...planOptions }: LedgerOptions): Promise<LedgerReport> {
  const plan = createPlan(planOptions)
  const deadline = startDeadline(deadlineMs, signal)
  const workplace = await createWorkplace()
  const incarnations = createIncarnations({ dataDir: workplace.dataDir, logDir: workplace.logDir, env: SERVICE_ENV })
  let isClean = false
  try {
    await incarnations.start()
    const report = await runWithService({ plan, hasKeys, workplace, incarnations, until: deadline.signal })
    isClean = report.faults.length === 0
    return report
  } finally {
    deadline.clear()
    await incarnations.stop()
    await workplace.remove({ keepLogs: keepLogs || !isClean })
  }
}

interface Running {
  readonly plan: Plan
  readonly hasKeys: boolean
  readonly workplace: Workplace
  readonly incarnations: Incarnations
  readonly until: AbortSignal
}

async function runWithService(running: Running): Promise<LedgerReport> {
  const { incarnations, workplace } = running
  const token = await mintDevelopmentToken({ dataDir: workplace.dataDir, siteId: 'dev', tenants: { kind: 'development' } }, { kind: 'service', name: 'jobs' })
  const client = createClient(incarnations.url, { token, user: 'jdoe', tenant: 'dev' })
  const watch = createDatabaseWatch(workplace.cluster)
  try {
    return await runWithClient({ ...running, client, watch })
  } finally {
    await client.close()
  }
}

async function runWithClient({ plan, hasKeys, workplace, incarnations, until, client, watch }: Running & { client: Client; watch: DatabaseWatch }): Promise<LedgerReport> {
  const publishing = plan.series.reduce((sum, series) => sum + series.steps.length, 0)
  const progress = createProgress({ publishing, delivering: 3 * plan.eventCount })
  const targets = await createTargets(plan, progress.delivered)
  try {
    await targets.subscribe(client)
    const publishers = createPublishers({ plan, client, up: incarnations.up, keyPrefix: hasKeys ? `ledger-${plan.seed}` : undefined, onPublished: progress.published })
    const killer = createKiller({ planned: plan.kills, incarnations, progress })
    const sampling = new AbortController()
    const sampled = watch.sampleStuck(sampling.signal)
    const startedAtMs = performance.now()
    const [publishedAtMs] = await Promise.all([
      unlessAborted(publishers.run(until), until).then(() => performance.now()),
      unlessAborted(killer.run(until), until),
    ])
    const leftovers = await watch.quiet(until)
    const quietAtMs = performance.now()
    sampling.abort()
    await sampled
    const verdict = reconcile({
      series: plan.series.map(({ seriesId, steps }) => ({ seriesId, steps, records: publishers.published.get(seriesId) ?? [] })),
      targets: targets.all, arrivals: targets.arrivals, kills: killer.kills, hasKeys,
    })
    const times = { startedAtMs, publishedAtMs, quietAtMs }
    return reportOf({ plan, hasKeys, verdict, arrivals: targets.arrivals, publishers, alarms: incarnations.alarms, kills: killer.kills, leftovers, stuck: watch.stuck, times, logDir: workplace.logDir })
  } finally {
    await targets.close()
  }
}

/** What was cut short shows in the report. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await work.catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
