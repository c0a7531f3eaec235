import { setTimeout as delay } from 'node:timers/promises'
import { startReceiver, type Received } from '../receiver.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect-publisher.ts'
import { createArrivalChecker } from './checker/arrival-order.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { perSecond, seconds } from './figures.ts'
import { startRunDeadline } from './run-deadline.ts'
import { fillBacklog } from './publish/fill-backlog.ts'
import { createFleet, type Fleet, type BrokerKind } from '../fleet/fleet.ts'
import { createMemoryWatch, isFlat, type MemoryWatch } from './watch/memory-watch.ts'
import type { RunOptions } from './run-single.ts'
import { createSandbox, type Sandbox } from '../fleet/sandbox.ts'

export interface BacklogOptions extends RunOptions {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  readonly events: number
}

export interface BacklogReport {
  readonly text: string
  readonly failures: readonly string[]
}

const DEADLINE_MS = 2 * 3600_000
const SERIES = 1000
const POLL_MS = 100
/** Off: a canary waits behind the backlog like every event, for minutes, and would be reported missing. */
const WITHOUT_CANARY = { TIDINGS_CANARY_INTERVAL_S: '0' }

/**
 * Publishes events while no dispatcher runs, then starts the dispatchers and waits until the backlog is drained.
 * Reports how fast both went, and with how much memory.
 */
export async function measureBacklog(options: BacklogOptions): Promise<BacklogReport> {
  const { broker, apis, dispatchers, deadlineMs = DEADLINE_MS, signal, keepLogs = false } = options
  const sandbox = await createSandbox()
  const alarms = createAlarms()
  const fleet = await createFleet({ broker, apis, dispatchers, sandbox, alarms, env: WITHOUT_CANARY })
  const deadline = startRunDeadline(deadlineMs, signal)
  let isClean = false
  try {
    const measured = await measure(fleet, sandbox, options, deadline.signal)
    const failures = [
      ...measured.failures,
      ...[...alarms.counts].map(([message, count]) => `alarm, ${count} times: ${message}`),
    ]
    isClean = failures.length === 0
    const ending = isClean
      ? ['no failure']
      : [`${failures.length} failures, logs in ${sandbox.logDir}`, ...failures.map((failure) => `  ${failure}`)]
    return { text: [...measured.lines, ...ending].join('\n'), failures }
  } finally {
    deadline.clear()
    await fleet.remove()
    await sandbox.remove({ keepLogs: keepLogs || !isClean })
  }
}

interface Measurement {
  readonly lines: readonly string[]
  readonly failures: readonly string[]
}

async function measure(
  fleet: Fleet,
  { dataDir, cluster }: Sandbox,
  { broker, apis, dispatchers, events }: BacklogOptions,
  until: AbortSignal,
): Promise<Measurement> {
  await fleet.startApis()
  const client = await connectTo(dataDir, fleet.apiPorts)
  const watch = createDatabaseWatch(cluster)
  const receiver = await startReceiver({ keepsRequests: false })
  const checker = createArrivalChecker(events)
  receiver.decide(({ notification: { event } }: Received) => {
    checker.arrived(event.seriesId ?? '', event.seriesSeqCount)
    return 200
  })
  try {
    await client.call('POST', '/subscriptions', {
      typeFilter: 'jobs.*.*',
      subjectFilter: '*',
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/backlog') }],
    })
    const apiMemory = createMemoryWatch(fleet.apis)
    const beganAtMs = performance.now()
    const filled = await fillBacklog({ client, events, series: SERIES, signal: until })
    const publishedAtMs = performance.now()
    apiMemory.stop()
    await fleet.startDispatchers()
    const dispatcherMemory = createMemoryWatch(fleet.dispatchers)
    while (!checker.isDone() && !until.aborted) await delay(POLL_MS)
    const drained = checker.result()
    const leftovers = await watch.waitUntilQuiet(events, until)
    dispatcherMemory.stop()
    await fleet.stopProcesses()
    const { lanes, unsettled, undispatched, deadLetters, undelivered } = leftovers
    const left = Object.entries({ lanes, unsettled, undispatched, deadLetters, undelivered })
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `left in the database: ${count} ${what}`)
    return {
      lines: [
        `${events} events in ${SERIES} series, ${apis} api, ${dispatchers} dispatchers, broker ${broker}`,
        `accepted without a dispatcher in ${seconds(publishedAtMs - beganAtMs)}: ` +
          `${perSecond(events, publishedAtMs - beganAtMs)} events/s, ${filled.retries} publishes repeated`,
        ...apiMemory.lines(),
        ...dispatcherMemory.lines(),
        `drained in ${seconds(drained.tookMs)}: ${perSecond(drained.arrivals, drained.tookMs)} events/s; ` +
          `out of order or missing ${drained.outOfOrder}, repeated ${drained.repeated}`,
        `drained per accepted: ${ratio(publishedAtMs - beganAtMs, drained.tookMs)}`,
      ],
      failures: [
        ...drained.failures,
        ...filled.unexpected.map((said) => `a publisher got: ${said}`),
        ...left,
        ...(await fleet.leftInQueues()),
        ...grown(apiMemory),
      ],
    }
  } finally {
    await client.close()
    await receiver.close()
  }
}

/** How many times faster the second phase was, for the same number of events. */
const ratio = (firstMs: number, secondMs: number) => (firstMs / secondMs).toFixed(2)

const grown = (memory: MemoryWatch) =>
  [...memory.samples]
    .filter(([, samples]) => !isFlat(samples))
    .map(([name]) => `the memory of ${name} grew with the backlog`)
