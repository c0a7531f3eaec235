import { isContentError } from '../../db/content-error.ts'
import { isLostOwnership } from '../../db/fence.ts'
import { isStatementTimeout } from '../../db/statement-timeout.ts'

/** Limits of one statement. A single record may have more bytes. */
export const PUMP_LIMITS = { records: 500, bytes: 4 * 1024 * 1024 } as const

const PAUSE_MS = { least: 250, most: 5000 } as const
/** After which ownership has looked at the tables once more. */
const NOT_OWNED_PAUSE_MS = 1000

/**
 * A partition that is pumped alone, since a statement with its records has failed: whoever is to blame holds up nobody
 * else. One that succeeds with as many records as a statement may have is pumped with the others again.
 */
export interface Alone {
  readonly kind: 'alone'
  /** Monotonic, in ms: nothing before. */
  readonly dueMs: number
  /** How many records it tries next. */
  readonly records: number
  /** Tries in a row that failed for a reason that will pass. */
  readonly failures: number
  /** Of the last of them; undefined: it is not known yet whether this partition is to blame. */
  readonly error?: unknown
}

export type PumpState = { readonly kind: 'together' } | Alone

export const TOGETHER: PumpState = { kind: 'together' }

export interface PumpFailure {
  readonly error: unknown
  /** How many records of this partition the statement had. */
  readonly records: number
  /** Whether it had records of no other partition. */
  readonly wasAlone: boolean
  readonly nowMs: number
}

/** What comes after a failed statement. `quarantine`: the one record that it had cannot be stored as it is. */
export type AfterFailure = 'quarantine' | Alone

/** Returns the state of a partition after a statement with records of it was committed. */
export function afterSuccess(state: PumpState): PumpState {
  if (state.kind === 'together' || state.records >= PUMP_LIMITS.records) return TOGETHER
  return { kind: 'alone', dueMs: 0, failures: 0, records: Math.min(PUMP_LIMITS.records, state.records * 2) }
}

/**
 * | the statement                | then                                                                         |
 * |------------------------------|------------------------------------------------------------------------------|
 * | had other partitions as well | each of them alone                                                           |
 * | is not ours (TD001)          | the same again after a second, unless ownership has taken the partition away |
 * | content, or too much of it   | half of the records at once, down to the one that is to blame: quarantined   |
 * | anything else                | the same again, after 250 ms, 500 ms, up to 5 s                              |
 */
export function afterFailure(state: PumpState, { error, records, wasAlone, nowMs }: PumpFailure): AfterFailure {
  const failures = state.kind === 'alone' ? state.failures : 0
  if (!wasAlone) return { kind: 'alone', dueMs: nowMs, records, failures: 0 }
  if (isLostOwnership(error)) return { kind: 'alone', dueMs: nowMs + NOT_OWNED_PAUSE_MS, records, failures: 0 }
  if (isContentError(error) && records === 1) return 'quarantine'
  if ((isContentError(error) || isStatementTimeout(error)) && records > 1)
    return { kind: 'alone', dueMs: nowMs, records: Math.floor(records / 2), failures }
  return delayed({ error, records, failures: failures + 1, nowMs })
}

/** The same again after a pause that doubles. */
export const delayed = ({
  error,
  records,
  failures,
  nowMs,
}: {
  readonly error: unknown
  readonly records: number
  readonly failures: number
  readonly nowMs: number
}): Alone => ({
  kind: 'alone',
  dueMs: nowMs + Math.min(PAUSE_MS.most, PAUSE_MS.least * 2 ** (failures - 1)),
  records,
  failures,
  error,
})
