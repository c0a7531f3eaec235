import { mayRepeatDeliveries, type Disturbance } from '../disturb/disturbance.ts'
import type { Arrival } from './targets.ts'

/** A request that was answered 2xx and came again. */
export interface Duplicate {
  readonly target: string
  readonly notificationUuid: string
  /** Monotonic ms. */
  readonly answeredMs: number
  readonly againMs: number
  /** From the answer to the disturbance, and from the disturbance to the repetition; undefined when none explains it. */
  readonly explainedBy: { readonly disturbedAfterMs: number; readonly againAfterMs: number } | undefined
}

/** A disturbance explains what is this near to it. */
const REACH_MS = 35_000

/** What the judgement of repetitions needs to know of a disturbance. */
export type Disturbed = Pick<Disturbance, 'victim' | 'how' | 'atMs' | 'overAtMs'>

/**
 * Repetitions of what was answered 2xx. After a 500 or a closed connection the same request is a retry, which is no
 * duplicate. `arrivals` in their order.
 */
export function findDuplicates(arrivals: readonly Arrival[], disturbances: readonly Disturbed[]): Duplicate[] {
  const explaining = disturbances.filter(mayRepeatDeliveries)
  const before = new Map<string, Arrival>()
  const duplicates: Duplicate[] = []
  for (const arrival of arrivals) {
    const { target, notificationUuid } = arrival
    const former = before.get(`${target} ${notificationUuid}`)
    before.set(`${target} ${notificationUuid}`, arrival)
    if (former?.answer === 'ok') duplicates.push({ target, notificationUuid, answeredMs: former.atMs, againMs: arrival.atMs, explainedBy: explain(former.atMs, arrival.atMs, explaining) })
  }
  return duplicates
}

/**
 * The disturbance nearest to the answer: it took away the memory of it. What was on the wire at a kill is read
 * after it, on a busy machine much later, but hardly after the next life is ready.
 */
function explain(answeredMs: number, againMs: number, disturbances: readonly Disturbed[]): Duplicate['explainedBy'] {
  const awayMs = (one: Disturbed) => Math.abs(one.atMs - answeredMs)
  const [found] = disturbances
    .filter((one) => answeredMs <= one.overAtMs && one.atMs - answeredMs <= REACH_MS && isReachedBy(againMs, one))
    .sort((a, b) => awayMs(a) - awayMs(b))
  return found && { disturbedAfterMs: found.atMs - answeredMs, againAfterMs: againMs - found.atMs }
}

/** Whether this moment is within a disturbance or shortly after it. */
export const isReachedBy = (atMs: number, disturbance: Pick<Disturbance, 'atMs' | 'overAtMs'>) =>
  disturbance.atMs <= atMs && atMs - disturbance.overAtMs <= REACH_MS
