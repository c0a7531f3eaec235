import { lookup } from 'node:dns/promises'
import { createNameResolver } from '@tidings/server/delivery/names/resolve.ts'
import { createLog } from '@tidings/server/log.ts'
import { startDnsServer } from './dns-server.ts'

/** What good names took while others hung, in ms. */
export interface UnresponsiveNameTimes {
  readonly ofWebhooks: readonly number[]
  /** As the database, the broker and Tapis services are looked up. */
  readonly ofService: readonly number[]
  readonly hungAtTheEnd: number
  /** The name whose question for IPv6 addresses is swallowed. */
  readonly halfDead: number
}

const DEAD = 600
const GOOD = 50

// Runs in a network namespace of its own (network-namespace.ts), whose DNS server this is.
const dns = await startDnsServer(
  (name, type) => (name.startsWith('dead') || (name.startsWith('half') && type === 'AAAA') ? 'silent' : ['10.0.0.1']),
  53,
)
const { resolve, close } = createNameResolver({
  maxNames: 1000,
  timeoutMs: 10_000,
  log: createLog({ level: 'silent', isTerminal: false }),
})
let hanging = DEAD
const settle = () => {
  hanging -= 1
}
await resolve('first.example.org')
for (let index = 0; index < DEAD; index += 1) resolve(`dead-${index}.example.org`).then(settle, settle)

async function timed(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return Math.round(performance.now() - startedAt)
}

const ofWebhooks: number[] = []
const ofService: number[] = []
for (let index = 0; index < GOOD; index += 1) {
  ofWebhooks.push(await timed(resolve(`good-${index}.example.org`)))
  ofService.push(await timed(lookup(`service-${index}.example.org`)))
}
const hungAtTheEnd = hanging
const halfDead = await timed(resolve('half-dead.example.org'))
process.stdout.write(JSON.stringify({ ofWebhooks, ofService, hungAtTheEnd, halfDead } satisfies UnresponsiveNameTimes))
close()
await dns.close()
