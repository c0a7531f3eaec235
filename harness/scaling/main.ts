import { setTimeout as delay } from 'node:timers/promises'
import { useInstallationSchema } from '@tidings/server/db/installation-schema.ts'
import pg from 'pg'
import { createAlarms } from '../fleet/alarms.ts'
import { connectTo } from '../ledger/publish/connect-publisher.ts'
import { readMeasureOptions } from '../measure-options.ts'
import { createFleet, type Fleet, type BrokerKind } from '../fleet/fleet.ts'
import { createRateLimiter } from '../ledger/publish/rate-limiter.ts'
import { createSandbox, type Sandbox } from '../fleet/sandbox.ts'
import type { Client } from '../client.ts'
import { startReceiver } from '../receiver.ts'
import { longestDipMs } from './dip.ts'

const HELP = `Scales from one dispatcher to three and back to one, under load. Prints how long it takes until the
partitions are spread evenly, and how long less than half of the published rate arrives meanwhile. Exit code 1 if a
number is beyond what is promised.

  node --import tsx harness/scaling/main.ts [--broker database|rabbitmq] [--rate 300] [--seconds 15]
`

const values = readMeasureOptions(HELP, { broker: 'database', rate: '300', seconds: '15' })
const EVEN_MS = 10_000
const DIP_MS = 5000
const rate = Number(values.rate)
const phaseMs = 1000 * Number(values.seconds)

const sandbox = await createSandbox()
const fleet = await createFleet({
  broker: values.broker === 'rabbitmq' ? 'rabbitmq' : ('database' satisfies BrokerKind),
  apis: 1,
  dispatchers: 3,
  sandbox,
  alarms: createAlarms(),
})
try {
  process.exitCode = (await measure(fleet, sandbox)) ? 0 : 1
} finally {
  await fleet.remove()
  await sandbox.remove({ keepLogs: false })
}

/** Returns whether all promises were kept. */
async function measure(
  { startApis, dispatchers, apiPorts, databaseUrl, stopProcesses }: Fleet,
  { dataDir }: Sandbox,
): Promise<boolean> {
  await startApis()
  const [first, ...others] = dispatchers
  await first?.start()
  const client = await connectTo(dataDir, apiPorts)
  const receiver = await startReceiver({ keepsRequests: false })
  const arrivalsMs: number[] = []
  receiver.decide(() => {
    arrivalsMs.push(performance.now())
    return 200
  })
  const database = new pg.Client({ connectionString: databaseUrl() })
  await database.connect()
  await useInstallationSchema(database)
  try {
    await client.call('POST', '/subscriptions', {
      typeFilter: 'jobs.*.*',
      subjectFilter: '*',
      deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/scaling') }],
    })
    const load = startLoad(client)
    await delay(phaseMs)
    const joined = await phase({
      database,
      arrivalsMs,
      dispatchers: 3,
      change: Promise.all(others.map((other) => other.start())),
    })
    const left = await phase({
      database,
      arrivalsMs,
      dispatchers: 1,
      change: Promise.all(others.map((other) => other.stop())),
    })
    await load.stop()
    return joined && left
  } finally {
    await database.end()
    await stopProcesses()
    await client.close()
    await receiver.close()
  }
}

interface Phase {
  readonly database: pg.Client
  readonly arrivalsMs: readonly number[]
  /** How many dispatchers share the partitions ... */
  readonly dispatchers: number
  /** ... after this. */
  readonly change: Promise<unknown>
}

/**
 * Waits for an even spread, then a while longer, and prints the result. Counts from the "ready" of dispatchers that
 * join, and from the signal to those that leave. Returns whether the promises were kept.
 */
async function phase({ database, arrivalsMs, dispatchers, change }: Phase): Promise<boolean> {
  const fromMs = performance.now()
  if (dispatchers > 1) await change
  const sinceMs = performance.now()
  while (!(await isEven(database, dispatchers)) && performance.now() - sinceMs < 2 * EVEN_MS) await delay(20)
  const evenMs = Math.round(performance.now() - sinceMs)
  await change
  await delay(phaseMs)
  const toMs = performance.now()
  const dipMs = longestDipMs(arrivalsMs, { fromMs, toMs, perSecond: rate })
  const arrived = arrivalsMs.filter((atMs) => atMs >= fromMs && atMs < toMs).length
  const arrivedPerSecond = Math.round((1000 * arrived) / (toMs - fromMs))
  process.stdout.write(
    `${dispatchers} dispatchers: even after ${evenMs} ms; ${arrivedPerSecond} of ${rate} events/s arrived ` +
      `(${(arrivedPerSecond / rate).toFixed(2)}), longest dip ${dipMs} ms\n`,
  )
  return evenMs <= EVEN_MS && dipMs <= DIP_MS
}

async function isEven(database: pg.Client, dispatchers: number): Promise<boolean> {
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::integer as count
     from partition join dispatcher on dispatcher.id = partition.owner
     group by owner`,
  )
  const {
    rows: [all],
  } = await database.query<{ count: number }>('select count(*)::integer as count from partition')
  const counts = rows.map(({ count }) => count)
  return (
    counts.length === dispatchers &&
    counts.reduce((sum, count) => sum + count, 0) === all?.count &&
    Math.max(...counts) - Math.min(...counts) <= 1
  )
}

/** Publishes at the rate, into a hundred series round-robin. */
function startLoad(client: Client): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const inFlight = new Set<Promise<unknown>>()
  const rateLimiter = createRateLimiter(rate)

  async function publishLoop(): Promise<void> {
    for (let sent = 0; ; sent += 1) {
      await rateLimiter.acquire(stopping.signal)
      if (stopping.signal.aborted) return
      const series = `series-${sent % 100}`
      const call = client
        .call('POST', '/events/publish', {
          source: 'scaling',
          type: 'jobs.A.B',
          subject: series,
          seriesId: series,
          timestamp: 'now',
          data: String(sent),
        })
        .finally(() => inFlight.delete(call))
      inFlight.add(call)
    }
  }

  const publishing = publishLoop().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  return {
    async stop() {
      stopping.abort()
      await publishing
      await Promise.all(inFlight)
    },
  }
}
