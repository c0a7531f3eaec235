import { startDeadline } from './deadline.ts'

/**
 * Does `work` with a signal that is aborted after `ms`, or by `stop`. After `ms` it rejects, even when the work does not
 * heed the signal.
 */
export async function withLimit<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, stop?: AbortSignal): Promise<T> {
  const aborter = new AbortController()
  const onStop = () => aborter.abort(stop?.reason)
  let cancelDeadline: () => void = () => undefined
  const late = new Promise<never>((_, reject) => {
    // Not AbortSignal.any with AbortSignal.timeout: nothing holds on to such a timeout, and the collector takes it.
    cancelDeadline = startDeadline(ms, () => {
      const error = new Error(`no answer within ${ms} ms`)
      aborter.abort(error)
      reject(error)
    })
  })
  stop?.addEventListener('abort', onStop)
  if (stop?.aborted) onStop()
  try {
    return await Promise.race([work(aborter.signal), late])
  } finally {
    cancelDeadline()
    stop?.removeEventListener('abort', onStop)
  }
}
