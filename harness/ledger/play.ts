import type { Client } from '../client.ts'
import type { Alarms } from '../fleet/alarms.ts'
import type { DatabaseWatch } from './watch/database-watch.ts'
import { createPace } from './publish/pace.ts'
import type { Plan } from './plan/plan.ts'
import { createProgress, type Progress } from './disturb/progress.ts'
import { createPublishers } from './publish/publishers.ts'
import { reconcile } from './judge/reconcile.ts'
import { recoveriesOf } from './judge/recovery.ts'
import { reportOf, type LedgerReport } from './report.ts'
import { createTargets } from './judge/targets.ts'
import type { Trouble } from './disturb/trouble.ts'

/** A service that runs, and what is to happen to it. */
export interface Play {
  readonly plan: Plan
  /** How it is run, for the reader. */
  readonly setting: string
  readonly hasKeys: boolean
  /** One for each publisher. */
  readonly clients: readonly Client[]
  /** Unset: the whole plan, as fast as it goes. */
  readonly pacing?: { readonly perSecond: number; readonly forMs: number } | undefined
  readonly createTrouble: (progress: Progress) => Trouble
  readonly watch: DatabaseWatch
  readonly alarms: Alarms
  /** Ends the service politely; answers what it finds left behind outside the database. */
  readonly finish: () => Promise<readonly string[]>
  readonly logDir: string
  readonly until: AbortSignal
}

/** Publishes the plan, makes the trouble, waits until nothing waits any more, and compares what was published with what arrived. */
export async function runPlay(play: Play): Promise<LedgerReport> {
  const { plan, clients, hasKeys, watch, until } = play
  const publishing = plan.series.reduce((sum, series) => sum + series.steps.length, 0)
  const progress = createProgress({ publishing, delivering: 3 * plan.eventCount })
  const targets = await createTargets(plan, progress.delivered)
  try {
    const [client] = clients
    if (!client) throw new Error('there is no publisher')
    await targets.subscribe(client)
    const partitions = await watch.partitions()
    const publishers = createPublishers({
      plan, clients, pace: play.pacing && createPace(play.pacing.perSecond), keyPrefix: hasKeys ? `ledger-${plan.seed}` : undefined, onPublished: progress.published,
    })
    const trouble = play.createTrouble(progress)
    const sampling = new AbortController()
    const sampled = watch.sampleStuck(sampling.signal)
    const startedAtMs = performance.now()
    const [publishedAtMs] = await Promise.all([
      unlessAborted(publishers.run(until, play.pacing && startedAtMs + play.pacing.forMs), until).then(() => performance.now()),
      unlessAborted(trouble.run(until), until),
    ])
    const series = publishers.books()
    const leftovers = await watch.quiet(series.flatMap(({ records }) => records).filter(({ isStored }) => isStored).length, until)
    const quietAtMs = performance.now()
    sampling.abort()
    await sampled
    const foundElsewhere = await play.finish()
    const { all, arrivals } = targets
    const { disturbances } = trouble
    return reportOf({
      ...play, series, trouble, leftovers, foundElsewhere, arrivals, unexpected: publishers.unexpected, stuck: watch.stuck,
      verdict: reconcile({ series, targets: all, arrivals, disturbances, hasKeys }),
      recoveries: recoveriesOf(disturbances, series, arrivals, partitions),
      times: { startedAtMs, publishedAtMs, quietAtMs },
    })
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
