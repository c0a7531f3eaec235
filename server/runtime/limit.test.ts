import { expect, test } from 'vitest'
import { withLimit } from './limit.ts'

const never = (signal: AbortSignal) => new Promise<never>((_, reject) => {
  signal.addEventListener('abort', () => reject(new Error('heeded', { cause: signal.reason })))
})

test('what is done in time is handed on, a failure too', async () => {
  expect(await withLimit(10_000, () => Promise.resolve('done'))).toBe('done')
  await expect(withLimit(10_000, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
})

test('work that takes too long is given up, whether it heeds its signal or not', async () => {
  await expect(withLimit(1, never)).rejects.toThrow(/heeded|no answer within 1 ms/)
  await expect(withLimit(1, () => new Promise(() => undefined))).rejects.toThrow('no answer within 1 ms')
})

test('work is given up when it is stopped, before it begins as well', async () => {
  const stop = new AbortController()
  const work = withLimit(10_000, never, stop.signal)
  stop.abort()
  await expect(work).rejects.toThrow('heeded')
  await expect(withLimit(10_000, (signal) => Promise.resolve(signal.aborted), stop.signal)).resolves.toBe(true)
})
