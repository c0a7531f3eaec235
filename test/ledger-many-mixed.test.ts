import { test } from 'vitest'
import { hasPreviousCommit } from '@tidings/harness/previous-commit.ts'
import { expectKeptPromises, FLEET_LEDGER_LIMIT_MS } from './support/fleet-ledger.ts'

/** On a person's machine the previous commit may be missing; where every commit is tested it must be there. */
const isCi = process.env['CI'] === 'true'

test.skipIf(!isCi && !(await hasPreviousCommit()))(
  'several processes over one database, half of them of the previous commit: nothing is lost or out of order, and no number is missing',
  async () => {
    await expectKeptPromises({ broker: 'database', faults: 5, isMixed: true })
  },
  FLEET_LEDGER_LIMIT_MS,
)
