import '@tidings/server/runtime/preload.ts'
import { onTerminationSignal } from '@tidings/server/runtime/signals.ts'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeHost, type Machine } from '../bench/machine.ts'
import { canBeWritten, faultUnless, hasPlace } from '../bench/machine-faults.ts'
import { markdownTable } from '../bench/report/markdown-table.ts'
import { withFigures } from '../bench/report/page.ts'
import { HELP, readGrowthOptions, type GrowthOptions } from './growth-options.ts'
import { growthTableLines } from './growth-report.ts'
import { growthTables, planTurns, type GrowthTable, type Setting } from './growth-tables.ts'
import { runGrowth, type TableResult } from './run-growth.ts'

/** A turn needs about so long beside its two loads: start, connections, drain, stop. */
const START_AND_STOP_S = 7
/** What is prepared in a second, on two slow cores. */
const SUBSCRIPTIONS_PER_S = 6000
const EVENTS_PER_S = 15_000

const secondsToPrepare = ({ otherSubjects, otherTypes, series, hasSubscriptionPerSeries, settled }: Setting) =>
  (otherSubjects + otherTypes + (hasSubscriptionPerSeries ? series : 0)) / SUBSCRIPTIONS_PER_S + settled / EVENTS_PER_S

/** Of a page, where a table goes. */
const placeOf = (table: string) => `growth-${table}`
const MACHINE_PLACE = placeOf('machine')

const tableLines = ({ table, figures }: TableResult) => growthTableLines(table, figures)
const write = (line: string) => void process.stdout.write(`${line}\n`)

const stopping = new AbortController()
onTerminationSignal(() => stopping.abort(new Error('stopped by a signal')))

process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`growth: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }),
)

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = readGrowthOptions(args)
  if (request.kind === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const faults = request.kind === 'fault' ? request.faults : await faultsOfFiles(request.options)
  if (request.kind === 'fault' || faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n\n${HELP}`)
    return 2
  }
  const parent = await mkdtemp(join(tmpdir(), 'tidings-growth-'))
  await chmod(parent, 0o755) // the account that runs PostgreSQL has to get in
  try {
    return await measureAll(parent, request.options)
  } finally {
    await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}

/** Looks at what the options name before anything is measured; a sentence for each fault. */
async function faultsOfFiles({ json, write: page, only }: GrowthOptions): Promise<string[]> {
  const places = page === undefined ? [] : [MACHINE_PLACE, ...only.map(placeOf)]
  const faults = await Promise.all([
    json !== undefined && faultUnless(canBeWritten(json), `--json: cannot be written: ${json}`),
    ...places.map((place) =>
      faultUnless(hasPlace(page ?? '', place), `--write: is not a page with a place for ${place}: ${page}`),
    ),
  ])
  return faults.filter((fault) => typeof fault === 'string')
}

async function measureAll(parent: string, options: GrowthOptions): Promise<number> {
  const { seconds, warmup, rounds, ratePerS, isPaired, postgresUrl } = options
  const tables = growthTables(options.sizes).filter(({ name }) => options.only.includes(name))
  write(`${tables.length} tables, about ${minutesOf(tables, options)} minutes`)
  const settings = { node: process.execPath, postgresUrl, rabbitMqUrl: '' }
  const results: TableResult[] = []
  await runGrowth(
    tables,
    { parent, seconds, warmup, rounds, ratePerS, isPaired, settings, signal: stopping.signal, write },
    (result) => {
      results.push(result)
      write(`\n${[...tableLines(result), ...result.failures.map((text) => `FAILED: ${text}`)].join('\n')}\n`)
      return Promise.resolve()
    },
  )
  const version = results.flatMap(({ turns }) => turns.map((turn) => turn?.saturated.postgresVersion)).find(Boolean)
  await writeFiles(options, results, await describeHost(settings, version))
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0
}

function minutesOf(tables: readonly GrowthTable[], { rounds, isPaired, seconds, warmup }: GrowthOptions): number {
  const turns = tables.reduce((sum, table) => sum + planTurns(table, rounds, isPaired).length, 0)
  const preparedS = tables.flatMap(({ settings }) => settings).reduce((sum, one) => sum + secondsToPrepare(one), 0)
  return Math.ceil((turns * (2 * (seconds + warmup) + START_AND_STOP_S) + preparedS) / 60)
}

async function writeFiles(
  { json, write: page, rounds, seconds }: GrowthOptions,
  results: readonly TableResult[],
  machine: Machine,
): Promise<void> {
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify({ machine, rounds, seconds, tables: results }, null, 2)}\n`)
  if (page === undefined) return
  const machineLines = [
    ...markdownTable(['Machine', ''], Object.entries(machine)),
    '',
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s for each load.`,
  ]
  let text = withFigures(await readFile(page, 'utf8'), machineLines, MACHINE_PLACE)
  for (const result of results) text = withFigures(text, tableLines(result), placeOf(result.table.name))
  await writeFile(page, text)
}
