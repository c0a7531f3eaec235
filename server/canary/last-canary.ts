import type { Database } from '../db/database.ts'
import { withLimit } from '../runtime/limit.ts'
import { readAge } from './store.ts'

const READ_LIMIT_MS = 1500

export interface LastCanaryParts {
  readonly db: Database
  /** Whether beats are sent at all. */
  readonly isOn: boolean
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * How long ago the last canary arrived, as a sentence for people and dashboards. While the database does not answer no
 * canary can arrive either, so the age goes on from what was read last.
 */
export function createLastCanary({ db, isOn, clock = () => performance.now() }: LastCanaryParts): () => Promise<string> {
  let known: { readonly ageS: number; readonly readAt: number } | undefined

  async function read(): Promise<string> {
    const ageS = await withLimit(READ_LIMIT_MS, () => readAge(db))
    known = ageS === null ? undefined : { ageS, readAt: clock() }
    return ageS === null ? sentence('none yet') : sentence(ago(ageS))
  }

  return async () => {
    if (!isOn) return sentence('off')
    return read().catch(() => sentence(known ? ago(known.ageS + (clock() - known.readAt) / 1000) : 'unknown'))
  }
}

const sentence = (what: string) => `Last canary: ${what}.`

/** A clock that was set back makes nothing younger than now. */
const ago = (ageS: number) => `${Math.max(0, Math.floor(ageS))} s ago`
