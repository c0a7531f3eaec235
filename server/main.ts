import './runtime/preload.ts'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { createApp, type App } from './app.ts'
import { bannerText } from './commands/banner.ts'
import { tokenCommand } from './commands/token-command.ts'
import { ConfigError, startupNotices, readConfig, type Config } from './config/config.ts'
import { retryUntilReachable } from './db/retry-until-reachable.ts'
import { openPostgres, type Postgres } from './wiring/postgres.ts'
import { createLog, type Log } from './log.ts'
import { readStartOptions, USAGE } from './commands/start-options.ts'
import { installShutdownHandlers } from './runtime/graceful-shutdown.ts'
import { standardError, standardOutput } from './runtime/standard-streams.ts'

/** After this time a graceful shutdown no longer waits for what is in flight. */
const STOP_LIMIT_MS = 30_000
/** The reason of a stop that no signal asked for. */
const TAKEN_OVER = new Error('Another process has taken over the data directory.')

await main()

async function main(): Promise<void> {
  await handleCommandLine(process.argv.slice(2))
  const config = configOrExit()
  const log = createLog({ level: config.logLevel })
  for (const { level, message, fields } of startupNotices(process.env)) log[level](fields, message)
  const stopping = new AbortController()
  const forcing = new AbortController()
  installShutdownHandlers({ log, stopping, forcing })
  try {
    process.exit(await run(config, log, { stopping, forcing }))
  } catch (error) {
    if (isStopDuringStart(error, stopping.signal)) process.exit(0)
    standardError().write(`${error instanceof Error ? error.message : String(error)}\n`)
    log.debug({ err: error }, 'ended by a failure')
    process.exit(1)
  }
}

/** Returns whether a signal came before the service was ready. A failure while it stops is another matter. */
function isStopDuringStart(error: unknown, signal: AbortSignal): boolean {
  return wasRequested(signal) && isAbort(error)
}

/** Returns whether a signal asked for the stop, rather than an error or another process. */
function wasRequested({ aborted, reason }: AbortSignal): boolean {
  return aborted && isAbort(reason)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** Exits when the command line asks for anything but a start. */
async function handleCommandLine(args: readonly string[]): Promise<void> {
  const asked = readStartOptions(args)
  if (asked.kind === 'start') return
  if (asked.kind === 'help') standardOutput().write(USAGE)
  if (asked.kind === 'version') standardOutput().write(`tidings ${await version()}\n`)
  if (asked.kind === 'wrong')
    standardError().write(`${asked.violations.map((violation) => `tidings: ${violation}\n`).join('')}\n${USAGE}`)
  process.exit(asked.kind === 'wrong' ? 2 : 0)
}

async function version(): Promise<string> {
  const { version: text } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return text
}

function configOrExit(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    standardError().write(`${error.message}\n`)
    process.exit(1)
  }
}

/** As of `installShutdownHandlers`. */
interface StopSignals {
  readonly stopping: AbortController
  readonly forcing: AbortController
}

/** Returns the exit code. */
async function run(config: Config, log: Log, { stopping, forcing }: StopSignals): Promise<number> {
  const postgres = await openPostgres({
    config,
    log,
    onLost: () => stopping.abort(TAKEN_OVER),
    signal: stopping.signal,
  })
  try {
    const app = await retryUntilReachable(
      () => createApp({ config, databaseUrl: postgres.url, isAlone: postgres.isAlone, log }),
      { url: postgres.url, log, signal: stopping.signal },
    )
    await serve(app, postgres, config, log, { stopping, forcing })
  } finally {
    await postgres.close()
  }
  return wasRequested(stopping.signal) ? 0 : 1
}

async function serve(
  app: App,
  postgres: Postgres,
  config: Config,
  log: Log,
  { stopping: { signal }, forcing }: StopSignals,
): Promise<void> {
  const stop = signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => undefined)
  // A start that waits for the database must not keep a signal from ending the process.
  const address = await Promise.race([stop, app.check().then(() => app.start())])
  if (address !== undefined) await announceReady(address, postgres, config, log)
  await stop
  log.info('stopping')
  const isInTime = await Promise.race([
    app.stop().then(() => true),
    delay(STOP_LIMIT_MS, false, { signal: forcing.signal }).catch(() => false),
  ])
  log.info({ isInTime }, 'stopped')
}

async function announceReady(address: string, postgres: Postgres, config: Config, log: Log): Promise<void> {
  await postgres.announce(address)
  if (config.tenants.kind === 'development') {
    log.info(
      { keys: config.dataDir, next: tokenCommand('--service jobs --tenant dev') },
      'development mode: tokens can be minted from the command line',
    )
  }
  standardOutput().write(`ready ${address}\n`)
  if (process.stdout.isTTY && process.stderr.isTTY) standardError().write(bannerText(address, config))
}
