import { setTimeout as delay } from 'node:timers/promises'
import { startService, type ServiceProcess } from '../service-process.ts'
import { describePostgres, type BenchDatabase } from '../bench/servers/bench-postgres.ts'
import { startInSteps, type RunningSystem } from '../bench/systems/system.ts'
import { BENCH_ENV, mintToken, publishAddress } from '../bench/systems/tidings.ts'
import type { Setting } from './growth-tables.ts'
import { isSharedBy, SUBJECT } from './prefill.ts'

const POLL_MS = 100
const SHARE_LIMIT_MS = 30_000

export interface PrefilledOptions {
  readonly setting: Setting
  readonly database: BenchDatabase
  /** Of the service; it exists. */
  readonly dataDir: string
  readonly signal: AbortSignal
}

/** Starts the service on a database that is prepared for a setting. Resolves when its dispatchers share the work. */
export const startPrefilled = ({ setting, database, dataDir, signal }: PrefilledOptions): Promise<RunningSystem> =>
  startInSteps(async (cleanUp) => {
    const services: ServiceProcess[] = []
    for (const role of setting.roles) {
      const service = await startService({
        dataDir,
        env: { ...BENCH_ENV, TIDINGS_ROLE: role, DATABASE_URL: database.url },
        onLog: (line) => void process.stderr.write(`${line}\n`),
        signal,
      })
      cleanUp.add(() => service.end('SIGTERM'))
      services.push(service)
    }
    const [takesEvents] = services
    if (takesEvents === undefined) throw new Error('no service was started')
    await waitUntilShared(database.url, setting, signal)
    const { durability, version } = await describePostgres(database.url)
    return {
      publishTo: {
        ...publishAddress(takesEvents.url, await mintToken(dataDir)),
        ...(!setting.hasSubscriptionPerSeries && { subject: SUBJECT }),
      },
      processes: [
        ...services.map(({ pid }) => ({ kind: 'node' as const, pid })),
        { kind: 'postgresql' as const, pid: database.pid },
      ],
      durability,
      postgresVersion: version,
    }
  })

async function waitUntilShared(url: string, { roles }: Setting, signal: AbortSignal): Promise<void> {
  const dispatchers = roles.filter((role) => role !== 'api').length
  const startedAt = performance.now()
  while (!(await isSharedBy(url, dispatchers))) {
    if (performance.now() - startedAt > SHARE_LIMIT_MS) throw new Error('the dispatchers do not share the partitions')
    await delay(POLL_MS, undefined, { signal })
  }
}
