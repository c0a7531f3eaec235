import '@tidings/server/runtime/preload.ts'
import { onTerminationSignal } from '@tidings/server/runtime/signals.ts'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withBuiltService } from '../built-service.ts'
import { extractRevision } from '../revisions.ts'
import { describeMachine } from './machine.ts'
import { faultsOnMachine } from './machine-faults.ts'
import { HELP, readBenchOptions, type BenchOptions } from './options.ts'
import { planRound } from './plan.ts'
import { figuresOf } from './report/figure-text.ts'
import { reportJson } from './report/json.ts'
import { withFigures } from './report/page.ts'
import { panelsOf } from './report/panels.ts'
import { plotSvg } from './report/svg.ts'
import { reportLines, type Report } from './report/table.ts'
import { runBench } from './run-bench.ts'
import { SCENARIOS } from './scenarios.ts'
import { allSystems } from './systems/all-systems.ts'

/** A run needs about so long beside its seconds: start, drain, stop. */
const START_AND_STOP_S = 6

const rabbitMqUrl = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672'
const write = (line: string) => void process.stdout.write(`${line}\n`)

const stopping = new AbortController()
onTerminationSignal(() => stopping.abort(new Error('stopped by a signal')))

process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }),
)

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readBenchOptions(args)
  if (request.kind === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (request.kind === 'list') {
    list()
    return 0
  }
  const faults = request.kind === 'fault' ? request.faults : await faultsOnMachine(request.options, rabbitMqUrl)
  if (request.kind === 'fault' || faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n\n${HELP}`)
    return 2
  }
  const parent = await mkdtemp(join(tmpdir(), 'tidings-bench-'))
  await chmod(parent, 0o755) // the account that runs PostgreSQL has to get in
  try {
    // Two revisions are both run from their sources.
    if (request.options.against !== undefined) return await bench(parent, request.options)
    return await withBuiltService(() => bench(parent, request.options))
  } finally {
    await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}

function list(): void {
  write('scenarios:')
  for (const { name, title } of SCENARIOS) write(`  ${name.padEnd(24)}${title}`)
  write('systems:')
  for (const { id, title, promises } of allSystems(undefined)) write(`  ${id.padEnd(24)}${title}: ${promises}`)
}

async function bench(parent: string, options: BenchOptions): Promise<number> {
  const { against, rounds, seconds, warmup, connections, series, backlog } = options
  const other =
    against === undefined
      ? undefined
      : { revision: against, root: await extractRevision(join(parent, 'revision'), against) }
  const settings = {
    node: options.node,
    postgresUrl: options.postgresUrl,
    rabbitMqUrl,
  }
  const available = allSystems(other)
  const runs = planRound({ scenarios: options.scenarios, systems: options.systems, available })
  const minutes = Math.ceil((rounds * runs.length * (seconds + warmup + START_AND_STOP_S)) / 60)
  write(`${rounds} x ${runs.length} runs of ${seconds} s: about ${minutes} minutes`)
  const { measurements, failures } = await runBench(runs, {
    parent,
    rounds,
    seconds,
    warmup,
    connections,
    series,
    maxBacklog: backlog,
    settings,
    signal: stopping.signal,
    write,
  })
  const postgresVersion = measurements.map((one) => one.postgresVersion).find((version) => version !== undefined)
  const machine = await describeMachine(settings, postgresVersion)
  const scenarios = SCENARIOS.filter(({ name }) => runs.some(({ scenario }) => scenario.name === name))
  const figures = figuresOf(measurements)
  const report = { machine, scenarios, systems: available, figures, failures, rounds, seconds }
  const lines = reportLines(report)
  write(`\n${lines.join('\n')}`)
  await writeFiles(options, { report, lines, json: reportJson(report, measurements) })
  return failures.length > 0 || figures.some(({ violations }) => violations.length > 0) ? 1 : 0
}

interface Written {
  readonly report: Report
  readonly lines: readonly string[]
  readonly json: string
}

async function writeFiles({ json, svg, write: page, out }: BenchOptions, written: Written): Promise<void> {
  const image = plotSvg(panelsOf(written.report))
  if (json !== undefined) await writeFile(json, written.json)
  if (svg !== undefined) await writeFile(svg, image)
  if (page !== undefined && !stopping.signal.aborted)
    await writeFile(page, withFigures(await readFile(page, 'utf8'), written.lines))
  if (out === undefined) return
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'results.json'), written.json)
  await writeFile(join(out, 'results.svg'), image)
  await writeFile(join(out, 'results.md'), `${written.lines.join('\n')}\n`)
}
