import { isatty } from 'node:tty'
import { pino, type Logger } from 'pino'
import { prettify, standardError } from './runtime/standard-streams.ts'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>

/** Never in a log, wherever it appears. */
const SECRETS = ['token', 'authorization', 'password', 'secret', '*.token', '*.authorization', '*.password', '*.secret']

/**
 * JSON lines on standard error; readable lines when that is a terminal. A reader that stalls or is gone never makes the
 * process wait.
 */
export function createLog({ level, isTerminal = isatty(2) }: { level: string; isTerminal?: boolean }): Logger {
  const options = { level, redact: { paths: SECRETS, censor: '[redacted]' } }
  const output = standardError()
  return pino(options, isTerminal ? { write: (line) => output.write(prettify(line)) } : output)
}
