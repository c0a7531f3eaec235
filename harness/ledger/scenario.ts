import type { Client } from '../client.ts'
import type { Alarms } from '../fleet/alarms.ts'
import type { DatabaseWatch } from './watch/database-watch.ts'
import { createRateLimiter } from './publish/rate-limiter.ts'
import type { Plan } from './plan/publish-plan.ts'
import { createProgress, type Progress } from './faults/progress.ts'
import { createPublishers } from './publish/publishers.ts'
import { reconcile } from './checker/reconcile.ts'
import { recoveriesOf } from './checker/recovery-times.ts'
import { reportOf, type LedgerReport } from './ledger-report.ts'
import { createTargets } from './checker/ledger-targets.ts'
import type { Nemesis } from './faults/nemesis.ts'

/** A running service, and what is to happen to it. */
export interface Scenario {
  readonly plan: Plan
  /** How the service is run, for the report. */
  readonly setting: string
  readonly hasKeys: boolean
  /** One for each publisher. */
  readonly clients: readonly Client[]
  /** Undefined: publishes the whole plan, as fast as possible. */
  readonly pacing?: { readonly perSecond: number; readonly forMs: number } | undefined
  readonly createNemesis: (progress: Progress) => Nemesis
  readonly watch: DatabaseWatch
  readonly alarms: Alarms
  /** Stops the service gracefully; returns what was left behind outside the database. */
  readonly finish: () => Promise<readonly string[]>
  readonly logDir: string
  readonly until: AbortSignal
}

/**
 * Publishes the plan while the nemesis injects its faults, waits until everything is settled, and compares what was
 * published with what arrived.
 */
export async function runScenario(scenario: Scenario): Promise<LedgerReport> {
  const { plan, clients, hasKeys, watch, until } = scenario
  const publishing = plan.series.reduce((sum, series) => sum + series.steps.length, 0)
  const progress = createProgress({ publishing, delivering: 3 * plan.eventCount })
  const targets = await createTargets(plan, progress.delivered)
  try {
    const [client] = clients
    if (!client) throw new Error('there is no publisher')
    await targets.subscribe(client)
    const partitions = await watch.partitions()
    const publishers = createPublishers({
      plan,
      clients,
      rateLimiter: scenario.pacing && createRateLimiter(scenario.pacing.perSecond),
      keyPrefix: hasKeys ? `ledger-${plan.seed}` : undefined,
      onPublished: progress.published,
    })
    const nemesis = scenario.createNemesis(progress)
    const sampling = new AbortController()
    const sampled = watch.sampleStuck(sampling.signal)
    const startedAtMs = performance.now()
    const [publishedAtMs] = await Promise.all([
      unlessAborted(publishers.run(until, scenario.pacing && startedAtMs + scenario.pacing.forMs), until).then(() =>
        performance.now(),
      ),
      unlessAborted(nemesis.run(until), until),
    ])
    const series = publishers.histories()
    const leftovers = await watch.waitUntilQuiet(
      series.flatMap(({ records }) => records).filter(({ isStored }) => isStored).length,
      until,
    )
    const quietAtMs = performance.now()
    sampling.abort()
    await sampled
    const foundElsewhere = await scenario.finish()
    const { all, arrivals } = targets
    const { injected } = nemesis
    return reportOf({
      ...scenario,
      series,
      nemesis,
      leftovers,
      foundElsewhere,
      arrivals,
      unexpected: publishers.unexpected,
      stuck: watch.stuck,
      verdict: reconcile({ series, targets: all, arrivals, injected, hasKeys }),
      recoveries: recoveriesOf(injected, series, arrivals, partitions),
      times: { startedAtMs, publishedAtMs, quietAtMs },
    })
  } finally {
    await targets.close()
  }
}

/** Ignores a rejection after the abort: the report shows what was cut short. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  await work.catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
