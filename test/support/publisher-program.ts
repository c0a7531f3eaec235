import { createLog } from '@tidings/server/log.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { connectBroker, type BrokerAddress } from './connect-broker.ts'

/**
 * A process that publishes one event after the other to the broker it is given, and tells the uuid of each that was
 * confirmed, until it is killed.
 */
const address = JSON.parse(process.argv[2] ?? '') as BrokerAddress
const broker = connectBroker(address, createLog({ level: 'error', isTerminal: false }))

await broker.start()
for (let number = 1; ; number += 1) {
  const record = eventRecord(
    { source: 's', type: 'jobs.A.B', timestamp: 't', subject: 'killed', seriesId: 'killed', data: String(number) },
    { tenant: 'dev', user: 'jdoe', service: 'jobs' },
    address.installation.partitions,
    new Date(),
  )
  await broker.publish([record])
  process.stdout.write(`${record.uuid}\n`)
}
