import { expect } from 'vitest'
import { newSeed } from '@tidings/harness/ledger/plan/seed.ts'
import { runFleetLedger, type FleetLedgerOptions } from '@tidings/harness/ledger/run-fleet.ts'

/** A short run of `npm run ledger`. */
const SHORT = { apis: 2, dispatchers: 3, publishingMs: 27_000, rate: 80, series: 60, deadlineMs: 150_000 }

/** How long a test with such a run may take. */
export const FLEET_LEDGER_LIMIT_MS = 240_000

/** Runs the ledger over several processes and expects that nothing is lost or out of order, without a gap. */
export async function expectKeptPromises(
  options: Pick<FleetLedgerOptions, 'broker' | 'faults' | 'isMixed'>,
): Promise<void> {
  const { failures, arrivals, injected, text } = await runFleetLedger({ ...SHORT, ...options, seed: newSeed() })
  expect(failures, text).toEqual([])
  expect(injected, text).toHaveLength(options.faults)
  expect(arrivals, text).toBeGreaterThan(1000)
}
