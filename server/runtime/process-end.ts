import { setTimeout } from 'node:timers'
import type { Log } from '../log.ts'
import { createLogLimit } from './log-limit.ts'
import { IGNORED_SIGNALS, onEndingSignal } from './signals.ts'

/** A terminal and npm, each of which tell at one Ctrl-C, are done within this. */
const SAME_WISH_MS = 1000
/** After a fault that nobody caught the process is gone in this time, however that ends. */
const FAULT_LIMIT_MS = 90_000

export interface ProcessEndParts {
  readonly log: Log
  /** Aborted by a signal, with the usual reason, or by a fault that nobody caught, which is then the reason. */
  readonly stopping: AbortController
  /** Aborted when the end may not wait for what is in flight: by another signal a second or more after the first, or a fault. */
  readonly hurrying: AbortController
}

/** From now on signals and faults end this process in order, whatever it does at the moment; warnings of Node.js go to the log. */
export function endInOrder({ log, stopping, hurrying }: ProcessEndParts): void {
  const limit = createLogLimit()
  let askedAt: number | undefined

  onEndingSignal((name) => {
    askedAt ??= performance.now()
    limit(name, () => log.info({ signal: name }, 'a signal asks for the end'))
    stopping.abort()
    if (performance.now() - askedAt >= SAME_WISH_MS) hurrying.abort()
  })
  for (const name of IGNORED_SIGNALS) process.on(name, () => limit(name, (suppressed) => log.info({ signal: name, suppressed }, 'a signal that means nothing here')))
  process.on('uncaughtException', (error) => {
    limit(`fault ${String(error)}`, (suppressed) => log.error({ err: error, suppressed }, 'a fault that nobody caught, stopping'))
    process.exitCode = 1
    stopping.abort(error)
    hurrying.abort()
    setTimeout(() => process.exit(1), FAULT_LIMIT_MS).unref()
  })
  // In place of Node.js' own listener, which writes to standard error and would wait for its reader.
  process.removeAllListeners('warning')
  process.on('warning', (warning) => limit(`warning ${warning.name}`, (suppressed) => log.warn({ err: warning, suppressed }, 'warning of Node.js')))
}

/** For a command: ends at once with the code that a shell gives to a signal, or 1 when nobody reads its output any more. */
export function endAtOnce(): void {
  onEndingSignal((_name, number) => process.exit(128 + number))
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(1))
}
