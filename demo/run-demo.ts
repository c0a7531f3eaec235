import { setTimeout as delay } from 'node:timers/promises'
import { createClient, type Client } from '@tidings/harness/client.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import type { DemoService } from './demo-service.ts'
import type { Endpoint } from './endpoint.ts'
import { newJob, type Job } from './job-events.ts'
import type { Ledger } from './ledger.ts'
import type { LiveView } from './live-view.ts'
import { publishJob } from './job-publisher.ts'
import { isTaken, injectFaults } from './inject-faults.ts'
import { countSubscriptions, subscribe } from './subscriptions.ts'

const PACE_MS = 500
const POLL_MS = 100
const ARRIVALS_LIMIT_MS = 20_000
const SUBSCRIPTIONS_LIMIT_MS = 15_000

export interface RunDemoDeps {
  readonly service: DemoService
  readonly portal: Endpoint
  readonly gateway: Endpoint
  readonly ledger: Ledger
  readonly view: LiveView
  readonly signal: AbortSignal
}

/**
 * Runs three jobs while everything breaks once. Resolves with the jobs when everything published has arrived and the
 * subscriptions are gone, or when something has not arrived in time.
 */
export async function runDemo({ service, portal, gateway, ledger, view, signal }: RunDemoDeps): Promise<Job[]> {
  const jobs = [
    newJob({ name: 'wind-tunnel', owner: 'jdoe', end: 'FINISHED' }),
    newJob({ name: 'protein-fold', owner: 'mlopez', end: 'FINISHED', report: 'epoch 10 of 20, loss 0.314' }),
    newJob({ name: 'climate-2km', owner: 'asmith', end: 'FAILED' }),
  ]
  const clients = await openClients(service)
  try {
    for (const job of jobs) {
      for (const receiver of [portal, gateway]) await subscribe(clients.actingFor(job.owner), job, receiver)
    }
    view.heading()
    const client = clients.actingFor('jobs')
    await stopTogether(signal, (either) => [
      injectFaults({ service, portal, gateway, ledger, tell: view.tell, signal: either }),
      ...jobs.map(async (job, index) => {
        await delay((index * PACE_MS) / jobs.length, undefined, { signal: either })
        await publishJob(job, {
          client,
          ledger,
          paceMs: PACE_MS,
          onRetry: view.retry,
          onShow: view.event,
          signal: either,
        })
      }),
    ])
    if (!(await isAllTaken(ledger, [portal, gateway], signal))) return jobs
    await subscriptionsGone(clients.actingFor('jobs'), jobs, signal)
    view.tell('good', 'the last event of each job has removed its subscriptions')
    return jobs
  } finally {
    clients.close()
  }
}

/** Runs all; the first that fails stops the others. */
async function stopTogether(signal: AbortSignal, begin: (either: AbortSignal) => Promise<void>[]): Promise<void> {
  const failed = new AbortController()
  const running = begin(AbortSignal.any([signal, failed.signal]))
  await Promise.all(running).finally(() => failed.abort())
}

/** Returns clients that call as the service jobs, each on behalf of another user. */
async function openClients(service: DemoService): Promise<{ actingFor(user: string): Client; close(): void }> {
  const token = await mintDevelopmentToken(
    { dataDir: service.dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: 'jobs' },
  )
  const clients = new Map<string, Client>()
  return {
    actingFor(user) {
      const client = clients.get(user) ?? createClient(service.url, { token, user, tenant: 'dev', connections: 4 })
      clients.set(user, client)
      return client
    },
    // Not awaited: after Ctrl-C a call may wait for its response until the service ends.
    close: () => void Promise.all([...clients.values()].map((client) => client.close())),
  }
}

/** Returns false if something is still missing after a while; the summary names it. */
const isAllTaken = (ledger: Ledger, receivers: readonly Endpoint[], signal: AbortSignal) =>
  ledger.holdsInTime(
    () => receivers.every(({ name }) => ledger.publications.every(({ eventUuid }) => isTaken(ledger, name, eventUuid))),
    { signal, limitMs: ARRIVALS_LIMIT_MS },
  )

/** Waits until the last event of each job has removed its subscriptions, after its own notifications were settled. */
async function subscriptionsGone(client: Client, jobs: readonly Job[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + SUBSCRIPTIONS_LIMIT_MS
  for (;;) {
    const left = await countSubscriptions(client, jobs)
    if (left === 0) return
    if (performance.now() > deadline) throw new Error(`${left} subscriptions of ended jobs are still there`)
    await delay(POLL_MS, undefined, { signal })
  }
}
