import type { Arrival } from './targets.ts'

/** A request that was answered 2xx and came again. */
export interface Duplicate {
  readonly target: string
  readonly notificationUuid: string
  /** From the answer to the kill, and from the kill to the repetition; undefined when no kill explains it. */
  readonly explainedBy: { readonly killAfterMs: number; readonly againAfterMs: number } | undefined
}

/** A kill explains a repetition within this time on either side of it. */
const KILL_REACH_MS = 35_000

/** The end of one life and the begin of the next, monotonic ms. */
export interface Gap {
  readonly atMs: number
  readonly readyAtMs: number
}

/**
 * Repetitions of what was answered 2xx. After a 500 or a closed connection the same request is a retry, which is no
 * duplicate. `arrivals` in their order.
 */
export function findDuplicates(arrivals: readonly Arrival[], kills: readonly Gap[]): Duplicate[] {
  const before = new Map<string, Arrival>()
  const duplicates: Duplicate[] = []
  for (const arrival of arrivals) {
    const { target, notificationUuid } = arrival
    const former = before.get(`${target} ${notificationUuid}`)
    before.set(`${target} ${notificationUuid}`, arrival)
    if (former?.answer === 'ok') duplicates.push({ target, notificationUuid, explainedBy: explain(former.atMs, arrival.atMs, kills) })
  }
  return duplicates
}

/**
 * The first kill between the two: it took away the memory of the answer. What was on the wire at a kill is read after
 * it, on a busy machine much later, but hardly after the next life is ready.
 */
function explain(answeredMs: number, againMs: number, kills: readonly Gap[]): Duplicate['explainedBy'] {
  const kill = kills.find(({ atMs, readyAtMs }) => answeredMs <= readyAtMs && atMs <= againMs
    && atMs - answeredMs <= KILL_REACH_MS && againMs - atMs <= KILL_REACH_MS)
  return kill && { killAfterMs: kill.atMs - answeredMs, againAfterMs: againMs - kill.atMs }
}
