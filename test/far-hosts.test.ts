import { startReceiver } from '@tidings/harness/receiver.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabaseForTest } from './support/test-database.ts'
import type { DistantResults, DistantServers } from './support/distant-client-program.ts'
import { runAtDistance, type NetworkFault } from './support/distant-network.ts'
import { startMailServer } from './support/mail-server.ts'
import { namespaceProblem } from './support/network-namespace.ts'
import { hasRabbitMq, startOwnRabbitMq } from './support/test-rabbitmq.ts'

const trouble = namespaceProblem('nsenter', 'python3', 'mkfifo')
const inNamespace = test.skipIf(trouble !== undefined && process.env.CI !== 'true')
const because = trouble === undefined ? '' : ` (${trouble})`
const FAULTS: readonly NetworkFault[] = [
  'no IPv6 route',
  'IPv6 packets swallowed',
  'the first SYN of each connection lost',
  'IPv6 packets swallowed, and the first SYN lost',
]

let node: Awaited<ReturnType<typeof startOwnRabbitMq>> | undefined

beforeAll(async () => {
  if (hasRabbitMq && trouble === undefined) node = await startOwnRabbitMq()
}, 120_000)

afterAll(() => node?.remove())

inNamespace.for(FAULTS)(
  `every first connection to a far host with both families comes about: %s${because}`,
  async (fault) => {
    const receiver = await startReceiver()
    receiver.decide(() => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }))
    const mails = await startMailServer({ encryption: 'none' })
    const database = await createDatabaseForTest()
    onTestFinished(() => Promise.all([receiver.close(), mails.close()]).then(() => undefined))
    const servers: DistantServers = {
      http: 'http://far.example.org:8000',
      mailPort: 2500,
      database: farAway(database.url),
      hasBroker: node !== undefined,
    }
    const results = await runAtDistance<DistantResults>({
      fault,
      script: 'distant-client-program.ts',
      args: [JSON.stringify(servers)],
      ports: {
        8000: portOf(receiver.url()),
        2500: mails.port,
        5432: portOf(database.url),
        ...(node && { 5672: portOf(node.url) }),
      },
    })
    expect(results).toEqual({
      webhook: 'ok',
      service: 'ok',
      mail: 'ok',
      database: 'ok',
      broker: 'ok',
      'dead-letters': '0 dead letters',
      healthcheck: 'no dispatcher of this host has a valid lease',
    })
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/service', '/webhook'])
    expect(mails.accepted).toHaveLength(1)
  },
)

const portOf = (url: string) => Number(new URL(url).port)

function farAway(url: string): string {
  const there = new URL(url)
  there.host = 'far.example.org:5432'
  return there.href
}
