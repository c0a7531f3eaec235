import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { migrate } from '@tidings/server/db/migrate.ts'
import { createEmbeddedServer } from '@tidings/embedded-postgres/embedded-server.ts'
import { createLog } from '@tidings/server/log.ts'
import { createClient, type Client } from '../client.ts'
import { startService } from '../service-process.ts'
import { casesOf, takeSample, type Case } from './search-cases.ts'
import { fill } from './fill-subscriptions.ts'
import { plansOf } from './explain-plans.ts'

const HELP = `Pages of 100 out of one tenant with a million subscriptions, through the HTTP api: for each case the
median and the worst of the rounds, in a database whose locale is C and in one that sorts as English does. Exit code 1
if the median of a promised page is 50 ms or more.

  node --import tsx harness/search-bench/main.ts [--subscriptions 1000000] [--owners 50000] [--rounds 20]
                                                 [--only TEXT] [--plans] [--server URL]

--only     cases whose name contains this text
--plans    prints PostgreSQL's plan of every statement
--server   a PostgreSQL to use, with an account that may create databases, instead of an embedded one
`
const { values } = parseArgs({
  options: {
    subscriptions: { type: 'string', default: '1000000' },
    owners: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '20' },
    server: { type: 'string' },
    only: { type: 'string', default: '' },
    plans: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const PROMISED_MS = 50
const LOCALES = {
  c: "template template0 encoding 'UTF8' locale_provider libc locale 'C'",
  en: "template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US' locale 'C'",
}

const directory = await mkdtemp(join(tmpdir(), 'tidings-search-'))
await chmod(directory, 0o755)
const embedded =
  values.server === undefined
    ? createEmbeddedServer({ dataDir: join(directory, 'server'), log: createLog({ level: 'warn', isTerminal: false }) })
    : undefined
try {
  await embedded?.start()
  const server = values.server ?? embedded?.url() ?? ''
  let isKept = true
  for (const [name, options] of Object.entries(LOCALES)) isKept = (await inDatabase(server, name, options)) && isKept
  process.exitCode = isKept ? 0 : 1
} finally {
  await embedded?.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

/** Returns whether all promises were kept. */
async function inDatabase(server: string, name: string, options: string): Promise<boolean> {
  const database = `tidings_search_${process.pid}_${name}`
  const url = new URL(server)
  url.pathname = `/${database}`
  await run(server, `create database ${database} ${options}`)
  try {
    await migrate(url.href)
    await fill(url.href, { subscriptions: Number(values.subscriptions), owners: Number(values.owners) })
    return await measureAll(url.href, name)
  } finally {
    await run(server, `drop database ${database} with (force)`)
  }
}

async function measureAll(url: string, name: string): Promise<boolean> {
  const cases = casesOf(await takeSample(url)).filter((one) => one.name.includes(values.only))
  const dataDir = join(directory, name)
  const service = await startService({
    dataDir,
    env: { DATABASE_URL: url, LOG_LEVEL: 'warn', TIDINGS_CANARY_INTERVAL_S: '0' },
    onLog: (line) => void process.stderr.write(`${line}\n`),
  })
  const token = await mintDevelopmentToken(
    { dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: 'jobs' },
  )
  const client = createClient(() => service.url, { token, user: 'jobs', tenant: 'dev', connections: 1 })
  let isKept = true
  try {
    print(`\n${values.subscriptions} subscriptions, locale ${name}`)
    print(`${'median'.padStart(9)} ${'worst'.padStart(9)} of 50 ms  rows  page`)
    for (const one of cases) isKept = (await measure(client, one, url)) && isKept
  } finally {
    await client.close()
    await service.end('SIGTERM')
  }
  return isKept
}

/** Runs one round first that does not count. Returns whether the promise was kept. */
async function measure(client: Client, one: Case, url: string): Promise<boolean> {
  const rows = await ask(client, one)
  const times: number[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const startedAt = performance.now()
    await ask(client, one)
    times.push(performance.now() - startedAt)
  }
  times.sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)] ?? NaN
  const isKept = !one.isPromised || median < PROMISED_MS
  const ofPromise = one.isPromised ? (median / PROMISED_MS).toFixed(2) : '-'
  print(
    `${columnOf(median)} ${columnOf(times.at(-1) ?? NaN)} ${ofPromise.padStart(8)} ${String(rows).padStart(5)}  ` +
      `${one.name}${one.isPromised ? '' : ' (not promised)'}${isKept ? '' : ' TOO SLOW'}`,
  )
  if (values.plans) for (const plan of await plansOf(url, one)) print(plan.replaceAll(/^/gm, '    '))
  return isKept
}

async function ask(client: Client, { path, search }: Case): Promise<number> {
  const { status, body } =
    search === undefined ? await client.call('GET', path) : await client.call('POST', path, { search: [search] })
  if (status !== 200 || !Array.isArray(body?.result)) throw new Error(`${path}: ${status} ${body?.message ?? ''}`)
  return body.result.length
}

async function run(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

function columnOf(ms: number): string {
  return `${ms.toFixed(1)} ms`.padStart(9)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
