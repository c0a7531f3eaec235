import { expect, test } from 'vitest'
import { newSeed } from '@tidings/harness/ledger/plan/seed.ts'
import { runManyLedger, type ManyOptions } from '@tidings/harness/ledger/run-many.ts'
import { hasPreviousCommit } from '@tidings/harness/previous-commit.ts'
import { hasRabbitMq } from './support/rabbitmq.ts'

/** Short runs of `npm run ledger`. */
const SHORT = { apis: 2, dispatchers: 3, publishingMs: 27_000, rate: 80, series: 60, deadlineMs: 150_000 }
const LIMIT_MS = 240_000

/** On a person's machine it may be missing; where every commit is tested it must be there. */
const isCi = process.env['CI'] === 'true'

async function expectKeptPromises(options: Pick<ManyOptions, 'broker' | 'disturbances' | 'isMixed'>): Promise<void> {
  const { faults, arrivals, disturbances, text } = await runManyLedger({ ...SHORT, ...options, seed: newSeed() })
  expect(faults, text).toEqual([])
  expect(disturbances, text).toHaveLength(options.disturbances)
  expect(arrivals, text).toBeGreaterThan(1000)
}

test('several processes over one database: nothing is lost, holed or out of order, whatever is killed and stopped', async () => {
  await expectKeptPromises({ broker: 'database', disturbances: 5 })
}, LIMIT_MS)

test.skipIf(!hasRabbitMq)('the same over RabbitMQ, which is killed too', async () => {
  await expectKeptPromises({ broker: 'rabbitmq', disturbances: 6 })
}, LIMIT_MS)

test.skipIf(!isCi && !(await hasPreviousCommit()))('the same while every second process is one of the previous commit', async () => {
  await expectKeptPromises({ broker: 'database', disturbances: 5, isMixed: true })
}, LIMIT_MS)
