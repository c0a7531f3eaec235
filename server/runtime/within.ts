import { startDeadline } from './deadline.ts'
import { deferred } from './deferred.ts'
import { MACHINE } from './machine.ts'

/**
 * Waits for `promise`, but no longer than `ms`; returns whether it resolved in time. Rejects when `promise` does. The
 * work behind it goes on; a rejection after the limit is dropped.
 */
export function within(ms: number, promise: Promise<unknown>, machine = MACHINE): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = machine.startTimer(ms, () => resolve(false))
    promise.then(() => resolve(true), reject).finally(cancel)
  })
}

/**
 * Runs `work` with a signal that is aborted after `ms`, or when `stop` is. Returns what `work` returns. Rejects after
 * `ms` even if the work ignores its signal.
 */
export async function runWithin<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  const aborter = new AbortController()
  const onStop = () => aborter.abort(stop?.reason)
  const late = deferred<never>()
  // Not AbortSignal.any with AbortSignal.timeout: nothing keeps a reference to such a timeout, so it can be collected.
  const cancelDeadline = startDeadline(ms, () => {
    const error = new Error(`no response within ${ms} ms`)
    aborter.abort(error)
    late.reject(error)
  })
  stop?.addEventListener('abort', onStop)
  if (stop?.aborted) onStop()
  try {
    return await Promise.race([work(aborter.signal), late.promise])
  } finally {
    cancelDeadline()
    stop?.removeEventListener('abort', onStop)
  }
}
