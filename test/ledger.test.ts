import { expect, test } from 'vitest'
import { newSeed } from '@tidings/harness/ledger/plan/seed.ts'
import { runLedger } from '@tidings/harness/ledger/run.ts'

/** A short run of the ledger, which mostly waits for retries; the long one: `npm run ledger -- --processes one`. */
const SHORT = { events: 2000, series: 50, kills: 2, deadlineMs: 100_000 }

test.concurrent.each([
  ['with idempotency keys', true],
  ['without keys', false],
])('every acknowledged event arrives, in order and without a hole, although the service and its database are killed, %s', async (_how, hasKeys) => {
  const { faults, disturbances, text } = await runLedger({ ...SHORT, hasKeys, seed: newSeed() })
  expect(faults, text).toEqual([])
  expect(disturbances.map((disturbance) => disturbance.victim)).toEqual(['node', 'node_and_postgres'])
}, 120_000)
