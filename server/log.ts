import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>

/** Never in a log, wherever it appears. */
const SECRETS = ['token', 'authorization', 'password', 'secret', '*.token', '*.authorization', '*.password', '*.secret']

/** JSON lines on standard error; readable lines when that is a terminal. */
export function createLog({ level, isTerminal = process.stderr.isTTY }: { level: string; isTerminal?: boolean }): Logger {
  const options = { level, redact: { paths: SECRETS, censor: '[redacted]' } }
  const destination = isTerminal ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname' }) : pino.destination({ dest: 2, sync: true })
  return pino(options, destination)
}
