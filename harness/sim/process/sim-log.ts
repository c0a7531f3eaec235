import type { Log } from '@tidings/server/log.ts'
import type { Trace } from '../world/trace.ts'

/** A log that goes to the trace. What the service logs as an error needs a person, so it is a finding too. */
export function createSimLog(trace: Trace, who: string, onError: (text: string) => void): Log {
  const line = (level: string) => (fields: unknown, message?: string) =>
    trace.note(who, () => `${level}: ${textOf(fields, message)}`)
  const log: Log = {
    debug: () => undefined,
    info: line('info'),
    warn: line('warn'),
    error: (fields: unknown, message?: string) => {
      trace.note(who, () => `error: ${textOf(fields, message)}`)
      onError(`${who} logged an error: ${textOf(fields, message)}`)
    },
    child: () => {
      throw new Error('the simulation has no child logs')
    },
  }
  return log
}

function textOf(fields: unknown, message: string | undefined): string {
  const shown = JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? String(value) : value))
  return `${message ?? ''} ${shown}`
}
