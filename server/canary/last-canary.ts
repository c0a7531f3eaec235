import type { Database } from '../db/database.ts'
import { runWithin } from '../runtime/within.ts'
import { readLastArrivalAge } from './canary-store.ts'

const READ_LIMIT_MS = 1500

export interface LastCanaryDeps {
  readonly db: Database
  /** Whether heartbeats are published at all. */
  readonly isOn: boolean
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * Returns a function that says how long ago the last canary arrived, as a sentence for people and dashboards. While the
 * database does not respond no canary can arrive either, so the age is counted on from the last one read.
 */
export function createLastCanary({ db, isOn, clock = () => performance.now() }: LastCanaryDeps): () => Promise<string> {
  let known: { readonly ageS: number; readonly readAt: number } | undefined

  async function read(): Promise<string> {
    const ageS = await runWithin(READ_LIMIT_MS, () => readLastArrivalAge(db))
    known = ageS === null ? undefined : { ageS, readAt: clock() }
    return ageS === null ? sentence('none yet') : sentence(ago(ageS))
  }

  return async () => {
    if (!isOn) return sentence('off')
    return read().catch(() => sentence(known ? ago(known.ageS + (clock() - known.readAt) / 1000) : 'unknown'))
  }
}

const sentence = (what: string) => `Last canary: ${what}.`

/** Never negative, even when a clock was set back. */
const ago = (ageS: number) => `${Math.max(0, Math.floor(ageS))} s ago`
