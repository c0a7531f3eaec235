import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { createClient, type Client } from '../client.ts'
import { readMeasureOptions } from '../measure-options.ts'
import { startService } from '../service-process.ts'
import { cpuMicrosOfTree } from './cpu.ts'

const HELP = `Sustained publishing, counted at the receiver: publisher, service, database and receiver on this machine. Prints
events/s and the CPU time per event of each. 1 KB events, one match each.

  node --import tsx harness/throughput/main.ts [--seconds 60] [--warmup 10] [--publishers 64] [--series 1000]
`

const values = readMeasureOptions(HELP, { seconds: '60', warmup: '10', publishers: '64', series: '1000' })
const DATA = 'x'.repeat(700)

const parent = await mkdtemp(join(tmpdir(), 'tidings-throughput-'))
await chmod(parent, 0o755)
const dataDir = join(parent, 'data')
const service = await startService({ dataDir, env: { LOG_LEVEL: 'warn' }, onLog: (line) => void process.stderr.write(`${line}\n`) })
const receiver = fork(fileURLToPath(new URL('receiver.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
try {
  await measure()
} finally {
  receiver.disconnect()
  await service.end('SIGTERM')
  await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

async function measure(): Promise<void> {
  const [listening] = (await once(receiver, 'message')) as [{ address: { port: number } }]
  const token = await mintDevelopmentToken({ dataDir, siteId: 'dev', tenants: { kind: 'development' } }, { kind: 'service', name: 'jobs' })
  const client = createClient(() => service.url, { token, user: 'jobs', tenant: 'dev', connections: Number(values.publishers) })
  await client.call('POST', '/subscriptions', {
    typeFilter: 'jobs.*.*', subjectFilter: '*', deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: `http://127.0.0.1:${listening.address.port}/hook` }],
  })
  const load = startPublishers(client)
  await delay(Number(values.warmup) * 1000)
  const before = await snapshot(load)
  await delay(Number(values.seconds) * 1000)
  const after = await snapshot(load)
  await load.stop()
  const drainMs = await drained(load)
  print(before, after, drainMs)
  await client.close()
}

interface Load {
  readonly published: number
  readonly refused: number
  stop(): Promise<void>
}

function startPublishers(client: Client): Load {
  let published = 0
  let refused = 0
  let isStopping = false
  async function publisher(): Promise<void> {
    while (!isStopping) {
      const job = `job-${Math.floor(Math.random() * Number(values.series))}`
      const answer = await client.call('POST', '/events/publish', {
        source: 'https://tapis.io/jobs', type: 'jobs.JOB_NEW_STATUS.RUNNING', subject: job, seriesId: job, data: DATA, timestamp: new Date().toISOString(),
      })
      if (answer.status === 200) published += 1
      else refused += 1
    }
  }
  const running = Array.from({ length: Number(values.publishers) }, publisher)
  return {
    get published() {
      return published
    },
    get refused() {
      return refused
    },
    async stop() {
      isStopping = true
      await Promise.all(running)
    },
  }
}

interface Snapshot {
  readonly atMs: number
  readonly published: number
  readonly refused: number
  readonly received: number
  readonly cpu: Readonly<Record<'publisher' | 'service' | 'database' | 'receiver', number>>
}

async function snapshot(load: Load): Promise<Snapshot> {
  const { count, cpuMicros } = await ask(receiver)
  const own = process.cpuUsage()
  return {
    atMs: performance.now(),
    published: load.published,
    refused: load.refused,
    received: count,
    cpu: {
      publisher: own.user + own.system,
      service: await cpuMicrosOfTree(service.pid),
      database: await cpuMicrosOfTree(await service.postgresPid()),
      receiver: cpuMicros,
    },
  }
}

async function ask(child: ChildProcess): Promise<{ count: number; cpuMicros: number }> {
  child.send('count')
  const [answer] = (await once(child, 'message')) as [{ count: number; cpuMicros: number }]
  return answer
}

/** Ms after the last publish until everything had arrived; undefined when it did not within 60 s. */
async function drained(load: Load): Promise<number | undefined> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < 60_000) {
    if ((await ask(receiver)).count >= load.published) return performance.now() - startedAt
    await delay(10)
  }
  return undefined
}

function print(before: Snapshot, after: Snapshot, drainMs: number | undefined): void {
  const seconds = (after.atMs - before.atMs) / 1000
  const received = after.received - before.received
  const perEvent = Object.entries(after.cpu).map(([name, micros]) => `${name} ${Math.round((micros - before.cpu[name as keyof Snapshot['cpu']]) / received)}`)
  process.stdout.write([
    `published ${Math.round((after.published - before.published) / seconds)}/s, received ${Math.round(received / seconds)}/s over ${Math.round(seconds)} s, refused ${after.refused - before.refused}`,
    `CPU us per event: ${perEvent.join(', ')}`,
    drainMs === undefined ? 'backlog not empty after 60 s' : `backlog empty ${Math.round(drainMs)} ms after the last publish`,
    '',
  ].join('\n'))
}
