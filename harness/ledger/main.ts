import { parseArgs } from 'node:util'
import { runLedger } from './run.ts'

const HELP = `Publishes to a service that is killed meanwhile, and accounts for every event.

  node --import tsx harness/ledger/main.ts [--events 20000] [--series 500] [--kills 6] [--seed N] [--keys] [--deadline-s 600] [--keep-logs]

Exit code 1 after any fault. Interrupted, it judges the run as it is and cleans up.
`

const { values } = parseArgs({ options: {
  'events': { type: 'string', default: '20000' },
  'series': { type: 'string', default: '500' },
  'kills': { type: 'string', default: '6' },
  'seed': { type: 'string', default: String(Date.now() % 1_000_000) },
  'deadline-s': { type: 'string', default: '600' },
  'keys': { type: 'boolean', default: false },
  'keep-logs': { type: 'boolean', default: false },
  'help': { type: 'boolean', default: false },
} })

if (values.help) {
  process.stdout.write(HELP)
} else {
  process.stdout.write(`seed ${values.seed}\n`)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort())
  const report = await runLedger({
    events: Number(values.events),
    series: Number(values.series),
    kills: Number(values.kills),
    seed: Number(values.seed),
    hasKeys: values.keys,
    deadlineMs: 1000 * Number(values['deadline-s']),
    signal: interrupted.signal,
    keepLogs: values['keep-logs'],
  })
  process.stdout.write(`${report.text}\n`)
  process.exitCode = report.faults.length === 0 ? 0 : 1
}
