import { setTimeout as delay } from 'node:timers/promises'
import { startReceiver, type Received } from '../receiver.ts'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from './publish/connect.ts'
import { createCountdown } from './judge/countdown.ts'
import { createDatabaseWatch } from './watch/database-watch.ts'
import { startDeadline } from './deadline.ts'
import { fillBacklog } from './publish/fill-backlog.ts'
import { createFleet, type Fleet, type BrokerKind } from '../fleet/fleet.ts'
import { createMemoryWatch, isFlat, type MemoryWatch } from './watch/memory.ts'
import type { RunOptions } from './run.ts'
import { createWorkplace, type Workplace } from '../fleet/workplace.ts'

export interface BacklogOptions extends RunOptions {
  readonly broker: BrokerKind
  readonly apis: number
  readonly dispatchers: number
  readonly events: number
}

export interface BacklogReport {
  readonly text: string
  readonly faults: readonly string[]
}

const DEADLINE_MS = 2 * 3600_000
const SERIES = 1000
const DUE_LOOK_MS = 100
/** A canary waits behind the backlog like every event, for minutes, and would rightly be reported missing. */
const WITHOUT_CANARY = { TIDINGS_CANARY_INTERVAL_S: '0' }

/** Publishes so many events while no dispatcher runs, then has them drained, and tells how fast and with how much memory. */
export async function measureBacklog(options: BacklogOptions): Promise<BacklogReport> {
  const { broker, apis, dispatchers, deadlineMs = DEADLINE_MS, signal, keepLogs = false } = options
  const workplace = await createWorkplace()
  const alarms = createAlarms()
  const fleet = await createFleet({ broker, apis, dispatchers, workplace, alarms, env: WITHOUT_CANARY })
  const deadline = startDeadline(deadlineMs, signal)
  let isClean = false
  try {
    const measured = await measure(fleet, workplace, options, deadline.signal)
    const faults = [...measured.faults, ...[...alarms.counts].map(([message, count]) => `alarm, ${count} times: ${message}`)]
    isClean = faults.length === 0
    const ending = isClean ? ['no fault'] : [`${faults.length} faults, logs in ${workplace.logDir}`, ...faults.map((fault) => `  ${fault}`)]
    return { text: [...measured.lines, ...ending].join('\n'), faults }
  } finally {
    deadline.clear()
    await fleet.remove()
    await workplace.remove({ keepLogs: keepLogs || !isClean })
  }
}

interface Measured {
  readonly lines: readonly string[]
  readonly faults: readonly string[]
}

async function measure(fleet: Fleet, { dataDir, cluster }: Workplace, { broker, apis, dispatchers, events }: BacklogOptions, until: AbortSignal): Promise<Measured> {
  await fleet.startApis()
  const client = await connectTo(dataDir, fleet.apiPorts)
  const watch = createDatabaseWatch(cluster)
  const receiver = await startReceiver({ keepsRequests: false })
  const countdown = createCountdown(events)
  receiver.decide(({ notification: { event } }: Received) => {
    countdown.arrived(event.seriesId ?? '', event.seriesSeqCount)
    return 200
  })
  try {
    await client.call('POST', '/subscriptions', { typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/backlog') }] })
    const apiMemory = createMemoryWatch(fleet.apis)
    const beganAtMs = performance.now()
    const filled = await fillBacklog({ client, events, series: SERIES, signal: until })
    const publishedAtMs = performance.now()
    apiMemory.stop()
    await fleet.startDispatchers()
    const dispatcherMemory = createMemoryWatch(fleet.dispatchers)
    while (!countdown.isDone() && !until.aborted) await delay(DUE_LOOK_MS)
    const drained = countdown.result()
    const leftovers = await watch.quiet(events, until)
    dispatcherMemory.stop()
    await fleet.endProcesses()
    const { lanes, unsettled, undispatched, deadLetters, undelivered } = leftovers
    const left = Object.entries({ lanes, unsettled, undispatched, deadLetters, undelivered }).filter(([, count]) => count > 0).map(([what, count]) => `left in the database: ${count} ${what}`)
    return {
      lines: [
        `${events} events in ${SERIES} series, ${apis} api, ${dispatchers} dispatchers, broker ${broker}`,
        `accepted without a dispatcher in ${seconds(publishedAtMs - beganAtMs)}: ${perSecond(events, publishedAtMs - beganAtMs)} events/s, ${filled.retries} publishes repeated`,
        ...apiMemory.lines(), ...dispatcherMemory.lines(),
        `drained in ${seconds(drained.tookMs)}: ${perSecond(drained.arrivals, drained.tookMs)} events/s; out of order or missing ${drained.outOfOrder}, again ${drained.again}`,
      ],
      faults: [
        ...drained.faults, ...filled.unexpected.map((said) => `a publisher was answered: ${said}`), ...left, ...(await fleet.leftInQueues()), ...grown(apiMemory),
      ],
    }
  } finally {
    await client.close()
    await receiver.close()
  }
}

const grown = (memory: MemoryWatch) => [...memory.samples].filter(([, samples]) => !isFlat(samples)).map(([name]) => `the memory of ${name} grew with the backlog`)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const perSecond = (count: number, ms: number) => Math.round((1000 * count) / ms)
