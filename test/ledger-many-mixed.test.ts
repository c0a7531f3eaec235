import { test } from 'vitest'
import { formerRelease } from '@tidings/harness/revisions.ts'
import { expectKeptPromises, FLEET_LEDGER_LIMIT_MS } from './support/fleet-ledger.ts'

/** A shallow clone of a person may lack the former release; where every commit is tested it must be there. */
const isCi = process.env['CI'] === 'true'

test.skipIf(!isCi && (await formerRelease()) === undefined)(
  'several processes over one database, half of them of the former release: nothing is lost or out of order, and no number is missing',
  async () => {
    await expectKeptPromises({ broker: 'database', faults: 5, isMixed: true })
  },
  FLEET_LEDGER_LIMIT_MS,
)
