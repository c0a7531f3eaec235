import { test } from 'vitest'
import { expectKeptPromises, FLEET_LEDGER_LIMIT_MS } from './support/fleet-ledger.ts'

test(
  'several processes over one database: nothing is lost or out of order, and no number is missing, whatever is killed and stopped',
  async () => {
    await expectKeptPromises({ broker: 'database', faults: 5 })
  },
  FLEET_LEDGER_LIMIT_MS,
)
