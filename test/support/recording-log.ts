import { EventEmitter, once } from 'node:events'
import { pino } from 'pino'
import type { Log } from '@tidings/server/log.ts'

/** A log that a test can read, and wait on. */
export interface RecordingLog {
  readonly log: Log
  /** Messages so far, oldest first. */
  readonly messages: string[]
  /** Whole lines, as text. */
  readonly lines: string[]
  /** Resolves at the next line with this message. */
  next(message: string): Promise<unknown>
}

export function createRecordingLog(): RecordingLog {
  const messages: string[] = []
  const lines: string[] = []
  const written = new EventEmitter()
  const log = pino({ level: 'debug', hooks: { streamWrite: record } }, { write: () => undefined })

  function record(line: string): string {
    const parsed: unknown = JSON.parse(line)
    const message = typeof parsed === 'object' && parsed && 'msg' in parsed ? String(parsed.msg) : ''
    lines.push(line)
    messages.push(message)
    written.emit(message)
    return line
  }

  return { log, messages, lines, next: (message) => once(written, message) }
}
