import { mayRepeatDeliveries, type InjectedFault } from '../faults/injected-fault.ts'
import type { Arrival } from './ledger-targets.ts'

/** A request that was answered 2xx and came again. */
export interface Duplicate {
  readonly target: string
  readonly notificationUuid: string
  /** Monotonic ms. */
  readonly answeredMs: number
  readonly againMs: number
  /**
   * Times from the response to the fault, and from the fault to the repetition; undefined if no fault explains it.
   */
  readonly explainedBy: { readonly faultAfterMs: number; readonly againAfterMs: number } | undefined
}

/** A fault explains duplicates within this time of it. */
const EFFECT_MS = 35_000

/** What is needed of a fault to decide whether it explains a duplicate. */
export type FaultWindow = Pick<InjectedFault, 'victim' | 'how' | 'atMs' | 'overAtMs'>

/**
 * Finds repetitions of requests that were answered 2xx. After a 500 or a closed connection the same request is a retry,
 * not a duplicate. `arrivals` are in order of arrival. Pure.
 */
export function findDuplicates(arrivals: readonly Arrival[], faults: readonly FaultWindow[]): Duplicate[] {
  const explaining = faults.filter(mayRepeatDeliveries)
  const before = new Map<string, Arrival>()
  const duplicates: Duplicate[] = []
  for (const arrival of arrivals) {
    const { target, notificationUuid } = arrival
    const former = before.get(`${target} ${notificationUuid}`)
    before.set(`${target} ${notificationUuid}`, arrival)
    if (former?.answer === 'ok')
      duplicates.push({
        target,
        notificationUuid,
        answeredMs: former.atMs,
        againMs: arrival.atMs,
        explainedBy: explain(former.atMs, arrival.atMs, explaining),
      })
  }
  return duplicates
}

/**
 * Returns the fault nearest to the response, which destroyed the memory of it. A response on the wire at a kill is read
 * after the kill, on a busy machine much later, but hardly after the process is ready again.
 */
function explain(answeredMs: number, againMs: number, faults: readonly FaultWindow[]): Duplicate['explainedBy'] {
  const awayMs = (one: FaultWindow) => Math.abs(one.atMs - answeredMs)
  const [found] = faults
    .filter((one) => answeredMs <= one.overAtMs && one.atMs - answeredMs <= EFFECT_MS && isReachedBy(againMs, one))
    .sort((a, b) => awayMs(a) - awayMs(b))
  return found && { faultAfterMs: found.atMs - answeredMs, againAfterMs: againMs - found.atMs }
}

/** Returns whether this time is within a fault or shortly after it. */
export const isReachedBy = (atMs: number, fault: Pick<InjectedFault, 'atMs' | 'overAtMs'>) =>
  fault.atMs <= atMs && atMs - fault.overAtMs <= EFFECT_MS
