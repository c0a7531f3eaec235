import type { Log } from '../log.ts'
import { failureText } from './failure-text.ts'

const REMINDER_INTERVAL_MS = 60_000

export interface OutageTexts {
  readonly began: string
  /** Logged each minute, with `forS`. */
  readonly ongoing: string
  readonly ended: string
}

export interface OutageLogOptions extends OutageTexts {
  readonly log: Log
  /** In every line. */
  readonly fields?: Readonly<Record<string, string>>
  readonly everyMs?: number
}

/**
 * Logs that something this process needs is away: one line when the outage begins, one a minute, and one when it ends.
 */
export interface OutageLog {
  /** `who` needs it: one outage may affect several. */
  failed(error: unknown, who?: string): void
  markHealthy(who?: string): void
  /** Stops logging. */
  end(): void
}

export function createOutageLog({
  log,
  began,
  ongoing,
  ended,
  fields = {},
  everyMs = REMINDER_INTERVAL_MS,
}: OutageLogOptions): OutageLog {
  const missing = new Set<string>()
  let reason = ''
  let sinceMs = 0
  let timer: NodeJS.Timeout | undefined

  function remind(): void {
    log.warn({ ...fields, reason, forS: Math.round((performance.now() - sinceMs) / 1000) }, ongoing)
  }

  function stopReminding(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    failed(error, who = '') {
      const isNew = missing.size === 0
      missing.add(who)
      reason = failureText(error)
      if (!isNew) return
      sinceMs = performance.now()
      log.warn({ ...fields, reason }, began)
      timer = setInterval(remind, everyMs).unref()
    },
    markHealthy(who = '') {
      if (!missing.delete(who) || missing.size > 0) return
      stopReminding()
      log.info({ ...fields, afterS: Math.round((performance.now() - sinceMs) / 1000) }, ended)
    },
    end: stopReminding,
  }
}
