import { setTimeout } from 'node:timers'
import type { Log } from '../log.ts'
import { createLogRateLimit } from './log-rate-limit.ts'
import { IGNORED_SIGNALS, onTerminationSignal } from './signals.ts'

/** One Ctrl-C may arrive twice, from the terminal and from npm: within this time it counts once. */
const SAME_REQUEST_MS = 1000
/** After an uncaught exception the process exits within this time, whatever the shutdown does. */
const FORCED_EXIT_MS = 90_000

export interface ShutdownOptions {
  readonly log: Log
  /** Aborted by a signal, with the usual reason, or by an uncaught exception, which is then the reason. */
  readonly stopping: AbortController
  /**
   * Aborted when the shutdown may not wait for what is in flight: by another signal a second or more after the first,
   * or by an uncaught exception.
   */
  readonly forcing: AbortController
}

/**
 * Installs the handlers of a graceful shutdown: from now on signals and uncaught exceptions end this process in order,
 * whatever it is doing. Warnings of Node.js go to the log.
 */
export function installShutdownHandlers({ log, stopping, forcing }: ShutdownOptions): void {
  const limit = createLogRateLimit()
  let askedAt: number | undefined

  onTerminationSignal((name) => {
    askedAt ??= performance.now()
    limit(name, () => log.info({ signal: name }, 'stopping, because of a signal'))
    stopping.abort()
    if (performance.now() - askedAt >= SAME_REQUEST_MS) forcing.abort()
  })
  for (const name of IGNORED_SIGNALS)
    process.on(name, () => limit(name, (suppressed) => log.info({ signal: name, suppressed }, 'a signal is ignored')))
  process.on('uncaughtException', (error) => {
    limit(`fault ${String(error)}`, (suppressed) =>
      log.error({ err: error, suppressed }, 'an uncaught error, stopping'),
    )
    process.exitCode = 1
    stopping.abort(error)
    forcing.abort()
    setTimeout(() => process.exit(1), FORCED_EXIT_MS).unref()
  })
  // In place of Node.js' own listener, which writes to standard error and would wait for its reader.
  process.removeAllListeners('warning')
  process.on('warning', (warning) =>
    limit(`warning ${warning.name}`, (suppressed) => log.warn({ err: warning, suppressed }, 'Node.js warning')),
  )
}

/**
 * For a command: exits at once, at a signal with the code that a shell gives to it, or with 1 when its reader is gone.
 */
export function exitOnSignal(): void {
  onTerminationSignal((_name, number) => process.exit(128 + number))
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(1))
}
