import type { StatusReport } from '@tidings/contract/sight.ts'
import type { Db } from '../db/db.ts'
import { readStatus } from './status-look.ts'

const MIN_AGE_MS = 10_000
/** So a look takes at most a twentieth of the time of one connection. */
const AGE_PER_DURATION = 20
/** What nobody has asked for in so long is read anew before it is shown. */
const MAX_AGE_MS = 60_000

/** Tells how the installation does. */
export interface CachedStatus {
  /** Returns the last status at once where there is one, and has a newer one read for the next call. */
  read(): Promise<StatusReport>
}

/** `monotonicMs` is for tests. */
export function createCachedStatus(
  db: Db,
  { monotonicMs = () => performance.now() }: { readonly monotonicMs?: () => number } = {},
): CachedStatus {
  let last: { readonly report: StatusReport; readonly readAt: number; readonly freshForMs: number } | undefined
  let reading: Promise<StatusReport> | undefined

  async function readNow(): Promise<StatusReport> {
    const begun = monotonicMs()
    try {
      const report = await readStatus(db)
      const now = monotonicMs()
      last = { report, readAt: now, freshForMs: Math.max(MIN_AGE_MS, (now - begun) * AGE_PER_DURATION) }
      return report
    } finally {
      reading = undefined
    }
  }
  const refresh = () => (reading ??= readNow())

  return {
    async read() {
      const ageMs = last === undefined ? Infinity : monotonicMs() - last.readAt
      if (last === undefined || ageMs > Math.max(MAX_AGE_MS, last.freshForMs)) return refresh()
      if (ageMs > last.freshForMs) refresh().catch(() => undefined) // the next call finds out
      return last.report
    },
  }
}
