import './runtime/first.ts'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { createApp, type App } from './app.ts'
import { bannerText } from './banner.ts'
import { ConfigError, noticesOf, readConfig, type Config } from './config.ts'
import { connectionRefusal, isDatabaseAway } from './db/database-away.ts'
import { UnusableDatabase } from './db/unusable-database.ts'
import { openEngine, type Engine } from './engine.ts'
import { createLog, type Log } from './log.ts'
import { createOutageLog } from './runtime/outage-log.ts'
import { readStartOptions, USAGE } from './start-options.ts'
import { endInOrder } from './runtime/process-end.ts'
import { standardError, standardOutput } from './runtime/standard-streams.ts'

/** After this a stop no longer waits. */
const STOP_LIMIT_MS = 30_000
const RETRY_MS = 1000
/** Why a stop began that nobody asked for. */
const LOST = new Error('Another process has taken over the data directory.')

await main()

async function main(): Promise<void> {
  await obeyCommandLine(process.argv.slice(2))
  const config = configOrExit()
  const log = createLog({ level: config.logLevel })
  for (const { level, message, fields } of noticesOf(process.env)) log[level](fields, message)
  const stopping = new AbortController()
  const hurrying = new AbortController()
  endInOrder({ log, stopping, hurrying })
  try {
    process.exit(await run(config, log, { stopping, hurrying }))
  } catch (error) {
    if (isStopInStart(error, stopping.signal)) process.exit(0)
    standardError().write(`${error instanceof Error ? error.message : String(error)}\n`)
    log.debug({ err: error }, 'ended by a failure')
    process.exit(1)
  }
}

/** A signal came before the service was ready; a failure while it stops is another matter. */
function isStopInStart(error: unknown, signal: AbortSignal): boolean {
  return wasAskedFor(signal) && isAbort(error)
}

/** Rather than by a fault, or by another process. */
function wasAskedFor({ aborted, reason }: AbortSignal): boolean {
  return aborted && isAbort(reason)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** Ends the process when something else than a start is asked for. */
async function obeyCommandLine(args: readonly string[]): Promise<void> {
  const asked = readStartOptions(args)
  if (asked.kind === 'start') return
  if (asked.kind === 'help') standardOutput().write(USAGE)
  if (asked.kind === 'version') standardOutput().write(`tidings ${await version()}\n`)
  if (asked.kind === 'wrong') standardError().write(`${asked.faults.map((fault) => `tidings: ${fault}\n`).join('')}\n${USAGE}`)
  process.exit(asked.kind === 'wrong' ? 2 : 0)
}

async function version(): Promise<string> {
  const { version: text } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
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

/** As of `endInOrder`. */
interface Ends {
  readonly stopping: AbortController
  readonly hurrying: AbortController
}

/** Answers the exit code. */
async function run(config: Config, log: Log, { stopping, hurrying }: Ends): Promise<number> {
  const engine = await openEngine({ config, log, onLost: () => stopping.abort(LOST), signal: stopping.signal })
  try {
    const app = await createWhenReachable(config, engine, log, stopping.signal)
    await serve(app, engine, config, log, { stopping, hurrying })
  } finally {
    await engine.close()
  }
  return wasAskedFor(stopping.signal) ? 0 : 1
}

async function serve(app: App, engine: Engine, config: Config, log: Log, { stopping: { signal }, hurrying }: Ends): Promise<void> {
  const stop = signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => undefined)
  // A start that waits for the database must not keep a signal from ending the process.
  const address = await Promise.race([stop, app.check().then(() => app.start())])
  if (address !== undefined) await tellReady(address, engine, config, log)
  await stop
  log.info('stopping')
  const isInTime = await Promise.race([app.stop().then(() => true), delay(STOP_LIMIT_MS, false, { signal: hurrying.signal }).catch(() => false)])
  log.info({ isInTime }, 'stopped')
}

async function tellReady(address: string, engine: Engine, config: Config, log: Log): Promise<void> {
  await engine.announce(address)
  if (config.tenants.kind === 'development') {
    log.info({ keys: config.dataDir, next: 'npm run --silent token -- --service jobs --tenant dev' }, 'development mode: tokens can be minted from the command line')
  }
  standardOutput().write(`ready ${address}\n`)
  if (process.stdout.isTTY && process.stderr.isTTY) standardError().write(bannerText(address, config))
}

/** A database that is away is waited for; one that is unusable ends the start. So does a signal: the lock of another that migrates may be waited for long. */
async function createWhenReachable(config: Config, engine: Engine, log: Log, signal: AbortSignal): Promise<App> {
  signal.throwIfAborted()
  const stopped = once(signal, 'abort').then(() => Promise.reject(signal.reason as Error))
  stopped.catch(() => undefined)
  const outages = createOutageLog({ log, away: 'the database cannot be reached, will be tried until it can', still: 'the database still cannot be reached', back: 'the database is reached' })
  try {
    for (;;) {
      try {
        const app = await Promise.race([createApp({ config, databaseUrl: engine.url, isAlone: engine.isAlone, log }), stopped])
        outages.worked()
        return app
      } catch (error) {
        const refusal = connectionRefusal(error, engine.url())
        if (refusal !== undefined) throw new UnusableDatabase([refusal])
        if (!isDatabaseAway(error)) throw error
        outages.failed(error)
        await delay(RETRY_MS, undefined, { signal })
      }
    }
  } finally {
    outages.end()
  }
}
