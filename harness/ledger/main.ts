import type { BrokerKind } from '../fleet/fleet.ts'
import { parseArgs } from 'node:util'
import { measureBacklog } from './measure-backlog.ts'
import { newSeed } from './plan/seed.ts'
import { runSingleLedger } from './run-single.ts'
import { runFleetLedger } from './run-fleet.ts'

const HELP = `Publishes to a service while faults are injected, and accounts for every event.

  npm run ledger -- [--minutes 5] [--api 2] [--dispatchers 3] [--broker database|rabbitmq] [--rate 200]
                    [--series 200] [--faults N] [--mixed] [--partitions N]
      several processes; they, PostgreSQL and RabbitMQ are killed, or stopped and continued;
      --mixed: every second process is one of the former release
  npm run ledger -- --processes one [--events 20000] [--series 500] [--kills 6] [--keys] [--deadline-s 600]
      one process with the embedded PostgreSQL; it is killed, alone or together with PostgreSQL
  npm run ledger -- --backlog 1000000 [--api 2] [--dispatchers 2] [--broker database|rabbitmq]
      publishes this many events while no dispatcher runs, then drains them; no faults

All of them take [--seed N] [--keep-logs]. Exit code 1 after any failure. When interrupted, it checks the run as it is
and cleans up.
`

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: 'many' },
    minutes: { type: 'string', default: '5' },
    api: { type: 'string', default: '2' },
    dispatchers: { type: 'string' },
    broker: { type: 'string', default: 'database' },
    rate: { type: 'string', default: '200' },
    faults: { type: 'string' },
    partitions: { type: 'string' },
    mixed: { type: 'boolean', default: false },
    backlog: { type: 'string' },
    events: { type: 'string', default: '20000' },
    series: { type: 'string' },
    kills: { type: 'string', default: '6' },
    keys: { type: 'boolean', default: false },
    'deadline-s': { type: 'string', default: '600' },
    seed: { type: 'string', default: String(newSeed()) },
    'keep-logs': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Without `--faults`, one fault is injected in this time. */
const FAULT_INTERVAL_S = 25

if (values.help) {
  process.stdout.write(HELP)
} else {
  process.stdout.write(`seed ${values.seed}\n`)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort())
  const { text, failures } = await run(interrupted.signal)
  process.stdout.write(
    `${text}\nmemory of the ledger itself: at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
}

function run(signal: AbortSignal): Promise<{ readonly text: string; readonly failures: readonly string[] }> {
  const common = { seed: Number(values.seed), signal, keepLogs: values['keep-logs'] }
  const apis = Number(values.api)
  if (values.backlog !== undefined)
    return measureBacklog({
      ...common,
      broker: broker(),
      apis,
      dispatchers: Number(values.dispatchers ?? 2),
      events: Number(values.backlog),
    })
  if (values.processes === 'one') {
    return runSingleLedger({
      ...common,
      events: Number(values.events),
      series: Number(values.series ?? 500),
      kills: Number(values.kills),
      hasKeys: values.keys,
      deadlineMs: 1000 * Number(values['deadline-s']),
    })
  }
  const publishingMs = 60_000 * Number(values.minutes)
  return runFleetLedger({
    ...common,
    broker: broker(),
    apis,
    dispatchers: Number(values.dispatchers ?? 3),
    publishingMs,
    isMixed: values.mixed,
    rate: Number(values.rate),
    series: Number(values.series ?? 200),
    partitions: values.partitions === undefined ? undefined : Number(values.partitions),
    faults: Number(values.faults ?? Math.max(4, Math.round(publishingMs / 1000 / FAULT_INTERVAL_S))),
  })
}

function broker(): BrokerKind {
  if (values.broker !== 'database' && values.broker !== 'rabbitmq')
    throw new Error(`--broker is database or rabbitmq, not ${values.broker}`)
  return values.broker
}
