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
/** What was on the wire at a kill is read a moment after it, and long before the next life. */
export const ON_THE_WIRE_MS = 500

/**
 * Repetitions of what was answered 2xx. After a 500 or a closed connection the same request is a retry, which is no
 * duplicate. `arrivals` in their order; `kills` in monotonic ms.
 */
export function findDuplicates(arrivals: readonly Arrival[], kills: readonly number[]): Duplicate[] {
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

/** The first kill between the two: it took away the memory of the answer. */
function explain(answeredMs: number, againMs: number, kills: readonly number[]): Duplicate['explainedBy'] {
  const kill = kills.find((killMs) => killMs >= answeredMs - ON_THE_WIRE_MS && killMs <= againMs
    && killMs - answeredMs <= KILL_REACH_MS && againMs - killMs <= KILL_REACH_MS)
  return kill === undefined ? undefined : { killAfterMs: kill - answeredMs, againAfterMs: againMs - kill }
}
