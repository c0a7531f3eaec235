import { PublishError } from '@tidings/server/publish/publish-error.ts'
import type { PublishLedger } from '../judge/publish-ledger.ts'
import type { Plan, PlannedPublish } from '../plan/plan.ts'
import { recordOf } from '../plan/records.ts'
import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'
import type { Trace } from '../world/trace.ts'
import type { Api } from './api-process.ts'

export interface PublishersDeps {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly trace: Trace
  readonly plan: Plan
  readonly ledger: PublishLedger
  /** The processes that are up; a load balancer picks one. */
  readonly apis: () => readonly Api[]
  /** The database's time. */
  readonly now: () => Date
}

/** A publisher gives up a request after this time: an answer comes within 5 s, unless the process is gone. */
const REQUEST_MS = 6000
const RETRY_MS = 300

const isNotStoredError = (error: unknown) => error instanceof PublishError && error.kind === 'not_stored'

/** Publishes what the plan says. Returns how many publishers are not done yet. */
export function startPublishers(deps: PublishersDeps): () => number {
  const { scheduler, random, trace, plan, ledger, apis, now } = deps
  let open = plan.publishes.length

  const networkMs = () => random.between(0.1, 2)

  function request(planned: PlannedPublish, retriesLeft: number): void {
    ledger.asked(planned, scheduler.now)
    let isOver = false
    const end = (isAcked: boolean, why: string, isNotStored = false) => {
      if (isOver) return
      isOver = true
      stopTimer()
      trace.note('client', () => `${planned.uuid} ${why}`)
      if (isAcked) ledger.acked(planned.uuid, scheduler.now)
      else ledger.failed(planned.uuid, isNotStored)
      if (isAcked || retriesLeft === 0) open -= 1
      else scheduler.after(RETRY_MS, () => request(planned, retriesLeft - 1))
    }
    const stopTimer = scheduler.after(REQUEST_MS, () => end(false, 'no answer'))
    const up = apis()
    if (up.length === 0) {
      end(false, 'no api', true)
      return
    }
    const api = random.pick(up)
    trace.note('client', () => `publishes ${planned.uuid} of ${planned.tenant} ${planned.series} at ${api.name}`)
    const record = recordOf(planned, plan.partitions, now())
    scheduler.after(networkMs(), () =>
      api.publish(record, (error) =>
        scheduler.after(networkMs(), () =>
          end(error === undefined, error instanceof Error ? error.message : '200', isNotStoredError(error)),
        ),
      ),
    )
  }

  for (const planned of plan.publishes) scheduler.after(planned.atMs, () => request(planned, planned.retries))
  return () => open
}
