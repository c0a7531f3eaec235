import { expect, test } from 'vitest'
import { newSeed } from '@tidings/harness/ledger/plan/seed.ts'
import { runSingleLedger } from '@tidings/harness/ledger/run-single.ts'

/** A short run of the ledger, which mostly waits for retries; the long one: `npm run ledger -- --processes one`. */
const SHORT = { events: 2000, series: 50, kills: 2, deadlineMs: 180_000 }

test.concurrent.each([
  ['with idempotency keys', true],
  ['without keys', false],
])(
  'every acknowledged event arrives, in order and without a gap, although the service and its database are killed, %s',
  async (_how, hasKeys) => {
    const { failures, injected, text } = await runSingleLedger({ ...SHORT, hasKeys, seed: newSeed() })
    expect(failures, text).toEqual([])
    expect(injected.map(({ victim }) => victim)).toEqual(['node', 'node_and_postgres'])
  },
  220_000,
)
