import { expect, test } from 'vitest'
import { runWithin } from './within.ts'

const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('heeded', { cause: signal.reason })))
  })

test('what finishes in time is passed on, a failure too', async () => {
  expect(await runWithin(10_000, () => Promise.resolve('done'))).toBe('done')
  await expect(runWithin(10_000, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
})

test('work that takes too long is abandoned, whether it heeds its signal or not', async () => {
  await expect(runWithin(1, never)).rejects.toThrow(/heeded|no response within 1 ms/)
  await expect(runWithin(1, () => new Promise(() => undefined))).rejects.toThrow('no response within 1 ms')
})

test('work is abandoned when it is stopped, even before it begins', async () => {
  const stop = new AbortController()
  const work = runWithin(10_000, never, stop.signal)
  stop.abort()
  await expect(work).rejects.toThrow('heeded')
  await expect(runWithin(10_000, (signal) => Promise.resolve(signal.aborted), stop.signal)).resolves.toBe(true)
})
