import { expect, test } from 'vitest'
import { deferred, type Deferred } from './deferred.ts'
import { createSingleFlight, createSingleFlightByKey } from './single-flight.ts'

/** Work whose runs the test ends one by one. */
function scriptedWork() {
  const runs: Deferred<string>[] = []
  const work = () => {
    const run = deferred<string>()
    runs.push(run)
    return run.promise
  }
  return { runs, work }
}

test('calls made while the work runs share one run and its outcome; the next call starts another', async () => {
  const { runs, work } = scriptedWork()
  const flight = createSingleFlight(work)
  const calls = [flight.run(), flight.run()]
  expect(flight.inFlight()).toBe(calls[0])
  runs[0]?.resolve('first')
  expect(await Promise.all(calls)).toEqual(['first', 'first'])
  expect(flight.inFlight()).toBeUndefined()
  void flight.run()
  expect(runs).toHaveLength(2)
})

test('results and errors are kept for as long as each may be, from the end of their run', async () => {
  let now = 0
  const { runs, work } = scriptedWork()
  const flight = createSingleFlight(work, { resultMs: 100, errorMs: 10 }, () => now)
  const first = flight.run()
  now = 1000
  runs[0]?.resolve('kept')
  await first
  now = 1099
  expect(await flight.run()).toBe('kept')
  now = 1100
  const second = flight.run()
  expect(runs).toHaveLength(2)
  runs[1]?.reject(new Error('failed'))
  await expect(second).rejects.toThrow('failed')
  now = 1109
  await expect(flight.run()).rejects.toThrow('failed')
  now = 1110
  void flight.run()
  expect(runs).toHaveLength(3)
})

test('runs of different keys are independent, and a rejected run is not kept', async () => {
  const { runs, work } = scriptedWork()
  const share = createSingleFlightByKey<string>()
  const [a, again, b] = [share('a', work), share('a', work), share('b', work)]
  expect(again).toBe(a)
  expect(runs).toHaveLength(2)
  runs[0]?.reject(new Error('failed'))
  runs[1]?.resolve('b')
  await expect(a).rejects.toThrow('failed')
  expect(await b).toBe('b')
  void share('a', work)
  expect(runs).toHaveLength(3)
})
