import { expect, test } from 'vitest'
import { startAppForTest } from './support/test-app.ts'
import { fuzzCallers } from './support/fuzz/callers.ts'
import { runFuzz } from './support/fuzz/run-fuzz.ts'

test('requests made from the document, right and wrong, get documented responses, none of them a failure', async () => {
  const app = await startAppForTest()
  const report = await runFuzz({
    base: app.url,
    callers: await fuzzCallers(app.tokenOf),
    requests: 3000,
    connections: 8,
  })
  expect(report.violations, `seed ${report.seed}`).toEqual([])
  expect(report.probe.failed).toBe(0)
  expect(report.validSearches.valid / report.validSearches.all).toBeGreaterThan(0.3)
  expect(report.statuses['200']).toBeGreaterThan(200)
}, 180_000)
