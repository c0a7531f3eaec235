import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@tidings/harness/client.ts'
import { readMeasureOptions } from '@tidings/harness/measure-options.ts'
import { cpuMicrosOfTree } from '@tidings/harness/bench/stats/process-figures.ts'
import { startService } from '@tidings/harness/service-process.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { planMails } from './support/mail-plan.ts'
import { publishAll, subscribeAll } from './support/mail-traffic.ts'
import { mailEnv } from './support/mail-helpers.ts'
import { startPlannedMailServer } from './support/planned-mail-server.ts'

const HELP = `Many mails to a server on this machine that rejects 5 % permanently and 5 % temporarily: publisher,
service, database and mail server side by side. Prints their outcomes and the rate. Exits with 1 when the books do not
balance.

  node --import tsx test/mail-run.ts [--mails 10000] [--addresses 1000]
`

const values = readMeasureOptions(HELP, { mails: '10000', addresses: '1000' })
const plan = planMails(Number(values.mails), Number(values.addresses))

const parent = await mkdtemp(join(tmpdir(), 'tidings-mail-run-'))
await chmod(parent, 0o755)
const dataDir = join(parent, 'data')
const server = await startPlannedMailServer(plan)
const service = await startService({
  dataDir,
  env: { LOG_LEVEL: 'warn', ...mailEnv(server) },
  onLog: (line) => void process.stderr.write(`${line}\n`),
})
try {
  await run()
} finally {
  await service.end('SIGTERM')
  await server.close()
  await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

async function run(): Promise<void> {
  const token = await mintDevelopmentToken(
    { dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: 'jobs' },
  )
  const client = createClient(() => service.url, { token, user: 'jobs', tenant: 'dev' })
  await subscribeAll(client, plan)
  const startedAt = performance.now()
  const cpuBefore = await cpuMicros()
  await publishAll(client, plan)
  const publishedMs = performance.now() - startedAt
  // Longer than the wait before a second or third attempt.
  await server.settled(20_000)
  const settledMs = performance.now() - startedAt
  const cpuAfter = await cpuMicros()
  await client.close()
  const books = server.books()
  process.stdout.write(
    [
      ...Object.entries(books).map(([name, count]) => `${name}: ${count}`),
      `published in ${Math.round(publishedMs)} ms, all settled in ${Math.round(settledMs)} ms: ${Math.round(plan.length / (settledMs / 1000))} mails/s`,
      `CPU us per mail: ${Object.entries(cpuAfter)
        .map(([name, micros]) => `${name} ${Math.round((micros - (cpuBefore[name] ?? 0)) / plan.length)}`)
        .join(', ')}`,
      '',
    ].join('\n'),
  )
  const refused = plan.filter(({ outcome }) => outcome === 'refused').length
  if (
    books.deliveredOnce !== plan.length - refused ||
    books.givenUp !== refused ||
    books.lost + books.duplicates + books.wrong > 0
  )
    process.exitCode = 1
}

/** Of this process, which publishes and takes the mails, and of the two others. */
async function cpuMicros(): Promise<Readonly<Record<string, number>>> {
  const { user, system } = process.cpuUsage()
  return {
    'publisher and mail server': user + system,
    service: await cpuMicrosOfTree(service.pid),
    database: await cpuMicrosOfTree(await service.postgresPid()),
  }
}
