import { setTimeout as delay } from 'node:timers/promises'

/** From the request to a response that says that there is nothing. */
const ABSENCE_AFTER_MS = 25

/**
 * Runs a look-up. That something is not there is told at a time of its own, so that nobody can tell from the time
 * whether it is there for others. Uuids of events can be guessed where Idempotency-Keys can.
 */
export async function delayedAbsence<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
  const begun = performance.now()
  const found = await find()
  if (found === undefined) await delay(Math.max(0, ABSENCE_AFTER_MS - (performance.now() - begun)))
  return found
}
