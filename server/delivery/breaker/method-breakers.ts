import type { Log } from '../../log.ts'
import type { DeliveryMethod } from '../../lanes/lane.ts'
import type { Machine } from '../../runtime/machine.ts'
import type { RetryPolicy } from '../attempt.ts'
import { retryDelayMs } from '../backoff.ts'
import type { Hints } from '../hints.ts'
import { MIN_ATTEMPTS } from '../outcome.ts'
import { createBreakerLog } from './breaker-log.ts'
import { createBreakers, type Breakers } from './breakers.ts'

/** The waits of the list are up to a fifth longer. */
const LONGEST_JITTER = 1.2
/** While a probe is under way; its end wakes as well. */
const PROBING_MS = 1000

export interface MethodBreakersDeps {
  readonly method: DeliveryMethod
  readonly retry: RetryPolicy
  readonly hints: Pick<Hints, 'wake' | 'postpone' | 'due'>
  /** There may be lanes to be claimed. */
  readonly onWake: () => void
  /** The clock of the database. */
  readonly now: () => Date
  readonly log: Log
  readonly machine: Machine
}

/** The breakers of a method, with its hints. */
export interface MethodBreakers extends Breakers {
  /** Returns the hints that are due, but for those that a breaker holds back: they become due with its next probe. */
  dueHints(now: number): ReturnType<Hints['due']>
}

export function createMethodBreakers(deps: MethodBreakersDeps): MethodBreakers {
  const { method, retry, hints, onWake, now, log, machine } = deps
  const { delaysMs } = retry
  const breakers = createBreakers({
    // All mails go to one server.
    ...(method === 'EMAIL' && { originOf: () => 'the mail server' }),
    waitMs: (attempts, result) =>
      retryDelayMs({
        attempts,
        delaysMs,
        retryAfterMs: result.kind === 'answered' ? result.retryAfterMs : undefined,
        random: machine.random,
      }),
    wokenMs: LONGEST_JITTER * Math.max(...delaysMs),
    hopelessProbes: Math.max(MIN_ATTEMPTS, delaysMs.length),
    onChange: createBreakerLog({ method, log }, machine.now),
    onWake(isWoken) {
      hints.wake(isWoken, machine.now())
      onWake()
    },
    clock: machine.now,
    now,
  })

  return {
    ...breakers,
    dueHints: (at) =>
      hints.due(at).filter((hint) => {
        const until = breakers.heldUntil(hint.addressKey)
        if (until !== undefined) hints.postpone(hint, Number.isFinite(until) ? until : at + PROBING_MS)
        return until === undefined
      }),
  }
}
