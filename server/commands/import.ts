import '../runtime/preload.ts'
import { ConfigError, readConfig, type Config } from '../config/config.ts'
import { DatabaseUnreachable } from '../db/database.ts'
import { InstanceTakenError } from '../db/instance-lock.ts'
import { readImportOptions, SAME_DATABASE, USAGE, type ImportOptions } from '../import/import-options.ts'
import { createImportReport, undeliveredText, type ImportReport } from '../import/import-report.ts'
import { runImport } from '../import/run-import.ts'
import { createSeriesReport, NO_COUNTERS, type SeriesReport } from '../import/series-report.ts'
import { runSeriesImport } from '../import/run-series-import.ts'
import { openSource, type ImportSource } from '../import/import-source.ts'
import { UnusableSource } from '../import/unusable-source.ts'
import { openImportTarget } from '../wiring/open-import-target.ts'
import { onTerminationSignal } from '../runtime/signals.ts'

const PROGRESS_EVERY = 50_000

process.exitCode = await main(process.argv.slice(2))

/**
 * Returns the exit code: 0 all is copied or skipped for good reason, 2 some could not be copied, 1 it could not run.
 */
async function main(args: readonly string[]): Promise<number> {
  const read = readImportOptions(args)
  switch (read.kind) {
    case 'help':
      await print(USAGE)
      return 0
    case 'wrong':
      process.stderr.write(`${read.violations.map((violation) => `import: ${violation}`).join('\n')}\n\n${USAGE}`)
      return 1
    case 'import':
      return importAll(read.options)
    default:
      return read satisfies never
  }
}

async function importAll(options: ImportOptions): Promise<number> {
  const stopping = new AbortController()
  onTerminationSignal(() => stopping.abort(new Error('Stopped by a signal')))
  process.stdout.on('error', () => stopping.abort(new Error('Nothing reads the output any more')))
  const lines: string[] = []
  const onLine = options.isVerbose ? (line: string) => void lines.push(`${line}\n`) : undefined
  const [report, seriesReport] = [createImportReport({ onLine }), createSeriesReport({ onLine })]
  const flush = () => print(lines.splice(0).join(''))
  try {
    const { hasSeries } = await copy(options, readConfig(process.env), { report, seriesReport, flush, stopping })
    await flush()
    const heading = options.isDryRun ? 'Dry run: nothing was written.\n\n' : ''
    await print(`${heading}${report.text()}${hasSeries ? seriesReport.text() : NO_COUNTERS}`)
    return report.hasFailures() || seriesReport.hasFailures() ? 2 : 0
  } catch (error) {
    // the end of the program: say it in a few sentences
    const begun = [report, seriesReport].filter((each) => each.total() > 0)
    if (process.stdout.writable) {
      const reports = begun.map((each) => `${each.text()}\n`).join('')
      await flush()
        .then(() => print(reports))
        .catch(() => undefined)
    }
    const advice = begun.length > 0 ? 'What was copied stays. Run the import again: nothing is copied twice.\n' : ''
    process.stderr.write(`import: ${errorText(error)}\n${advice}`)
    return 1
  }
}

interface CopyDeps {
  readonly report: ImportReport
  readonly seriesReport: SeriesReport
  readonly flush: () => Promise<void>
  readonly stopping: AbortController
}

async function copy(
  { from, schema, isDryRun }: ImportOptions,
  config: Config,
  { report, seriesReport, flush, stopping }: CopyDeps,
): Promise<Pick<ImportSource, 'hasSeries'>> {
  const source = await openSource(addressOf(from, config), schema)
  try {
    const { target, seriesTarget, close } = await openImportTarget({ config, isDryRun, stopping })
    try {
      const undelivered = await source.undelivered()
      await runImport({
        source,
        target,
        report,
        signal: stopping.signal,
        onBatch: async () => {
          if (report.total() % PROGRESS_EVERY === 0)
            process.stderr.write(`import: ${report.total()} subscriptions so far\n`)
          await flush()
        },
      })
      if (source.hasSeries) {
        await runSeriesImport({
          source,
          target: seriesTarget,
          report: seriesReport,
          signal: stopping.signal,
          onBatch: async () => {
            if (seriesReport.total() % PROGRESS_EVERY === 0)
              process.stderr.write(`import: ${seriesReport.total()} counters of series so far\n`)
            await flush()
          },
        })
      }
      await print(
        `Import from the schema ${source.schema}: ${report.total()} subscriptions.\n${undeliveredText(undelivered)}\n`,
      )
      return { hasSeries: source.hasSeries }
    } finally {
      await close()
    }
  } finally {
    await source.close()
  }
}

function addressOf(from: string, { databaseUrl }: Config): string {
  if (from !== SAME_DATABASE) return from
  if (databaseUrl === undefined)
    throw new UnusableSource('--from here is the database of DATABASE_URL, which is not set')
  return databaseUrl
}

/** Resolves when the text is out, so that a slow reader slows the import down. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (text === '') resolve()
    else process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

function errorText(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof InstanceTakenError)
    return (
      `${error.fact}.\nStop that service, run the import, and start it again. ` +
      'With DATABASE_URL an import can run beside the service.'
    )
  if (error instanceof DatabaseUnreachable) {
    const { message } = error.cause instanceof Error ? error.cause : error
    return `The database of this service cannot be reached: ${message}`
  }
  return error instanceof Error ? error.message : String(error)
}
