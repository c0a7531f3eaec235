import { test } from 'vitest'
import { expectKeptPromises, FLEET_LEDGER_LIMIT_MS } from './support/fleet-ledger.ts'
import { hasRabbitMq } from './support/test-rabbitmq.ts'

test.skipIf(!hasRabbitMq)(
  'several processes over RabbitMQ, which is killed too: nothing is lost or out of order, and no number is missing',
  async () => {
    await expectKeptPromises({ broker: 'rabbitmq', faults: 6 })
  },
  FLEET_LEDGER_LIMIT_MS,
)
