import type { Log } from '../log.ts'
import { failureWords } from './failure-words.ts'

const EVERY_MS = 60_000

export interface OutageTexts {
  readonly away: string
  /** Said each minute, with `forS`. */
  readonly still: string
  readonly back: string
}

export interface OutageLogParts extends OutageTexts {
  readonly log: Log
  /** In every line. */
  readonly fields?: Readonly<Record<string, string>>
  readonly everyMs?: number
}

/** What is said about something that this process needs, and that is away: one line when it begins, one a minute, one when it is over. */
export interface OutageLog {
  /** `who` misses it: several may, for one outage. */
  failed(error: unknown, who?: string): void
  worked(who?: string): void
  /** Says no more. */
  end(): void
}

export function createOutageLog({ log, away, still, back, fields = {}, everyMs = EVERY_MS }: OutageLogParts): OutageLog {
  const missing = new Set<string>()
  let reason = ''
  let sinceMs = 0
  let timer: NodeJS.Timeout | undefined

  function remind(): void {
    log.warn({ ...fields, reason, forS: Math.round((performance.now() - sinceMs) / 1000) }, still)
  }

  function stopReminding(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    failed(error, who = '') {
      const isNew = missing.size === 0
      missing.add(who)
      reason = failureWords(error)
      if (!isNew) return
      sinceMs = performance.now()
      log.warn({ ...fields, reason }, away)
      timer = setInterval(remind, everyMs).unref()
    },
    worked(who = '') {
      if (!missing.delete(who) || missing.size > 0) return
      stopReminding()
      log.info({ ...fields, afterS: Math.round((performance.now() - sinceMs) / 1000) }, back)
    },
    end: stopReminding,
  }
}
