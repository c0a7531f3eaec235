import { join } from 'node:path'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { createClient } from '../../client.ts'
import { LEDGER_ENV } from '../../fleet/ledger-env.ts'
import { startService, type ServiceProcess } from '../../service-process.ts'
import { describePostgres, openDatabase, withEmbeddedUrl } from '../servers/bench-postgres.ts'
import { queuesOf, rabbitMqProcess, rabbitMqVersion, removeQueues } from '../servers/rabbitmq.ts'
import type { MeteredProcess } from '../stats/cpu-meter.ts'
import { startInSteps, type CleanUp, type RunningSystem, type System, type SystemContext } from './system.ts'

/** Who publishes and subscribes. */
export const CALLER = { user: 'jobs', tenant: 'dev' } as const

/** The defaults of the service, whatever the environment of the benchmark says. */
export const BENCH_ENV = { ...LEDGER_ENV, TIDINGS_RETRY_DELAYS_S: undefined, LOG_LEVEL: 'error' }

export interface TidingsOptions {
  readonly broker: 'database' | 'rabbitmq'
  /** As api and dispatcher instead of one process. */
  readonly isSplit: boolean
  /** Another source tree than this one, and what it is called. */
  readonly other?: { readonly root: string; readonly revision: string } | undefined
}

export function createTidings({ broker, isSplit, other }: TidingsOptions): System {
  const revision = other === undefined ? '' : `@${other.revision}`
  const processes = isSplit ? ', api + dispatcher' : ''
  return {
    id: `tidings-${broker}${isSplit ? '-split' : ''}${revision}`,
    title: `Tidings${revision}, ${broker === 'database' ? 'database' : 'RabbitMQ'}${processes}`,
    promises: 'durable, matched, numbered, in order',
    isNumbered: true,
    missing: async ({ rabbitMqUrl }) =>
      broker === 'database' || (await rabbitMqVersion(rabbitMqUrl)) !== undefined
        ? undefined
        : 'no RabbitMQ responds (RABBITMQ_URL names one)',
    start: (context) => startInSteps((cleanUp) => start(context, { broker, isSplit, other, cleanUp })),
  }
}

async function start(context: SystemContext, options: TidingsOptions & { readonly cleanUp: CleanUp }) {
  const { cleanUp, broker } = options
  const { rabbitMqUrl } = context.settings
  const dataDir = join(context.directory, 'data')
  const { services, postgres } = await startServices(context, { ...options, dataDir })
  if (broker === 'rabbitmq') {
    const queues = await queuesOf(postgres.url)
    cleanUp.add(async () => {
      await Promise.all(services.map((service) => service.end('SIGTERM')))
      await removeQueues(rabbitMqUrl, queues)
    })
  }
  const api = services[0]
  if (!api) throw new Error('no service was started')
  const token = await mintToken(dataDir)
  await subscribe(api.url, token, context)
  const processes: MeteredProcess[] = [
    ...services.map(({ pid }) => ({ kind: 'node' as const, pid })),
    { kind: 'postgresql', pid: postgres.pid },
  ]
  if (broker === 'rabbitmq') processes.push({ kind: 'rabbitmq', pid: await rabbitMqProcess(rabbitMqUrl) })
  const { durability, version } = await describePostgres(postgres.url)
  return {
    publishTo: publishAddress(api.url, token),
    processes,
    durability: broker === 'database' ? durability : `${durability}; quorum queues, publisher confirms`,
    postgresVersion: version,
  }
}

/** Returns a token for `CALLER`, signed with the development keys in a data directory. */
export const mintToken = (dataDir: string) =>
  mintDevelopmentToken(
    { dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: CALLER.user },
  )

/** Returns where `CALLER` publishes, at a service with this address. */
export function publishAddress(url: string, token: string): RunningSystem['publishTo'] {
  const { hostname: host, port } = new URL(url)
  return {
    host,
    port: Number(port),
    path: '/v3/notifications/events/publish',
    headers: { 'x-tapis-token': token, 'x-tapis-user': CALLER.user, 'x-tapis-tenant': CALLER.tenant },
  }
}

interface StartedServices {
  /** The api first. */
  readonly services: readonly ServiceProcess[]
  readonly postgres: { readonly url: string; readonly pid: number | undefined }
}

/** A single process without a given server runs the embedded one itself, as it does at its users'. */
async function startServices(
  { directory, settings }: SystemContext,
  { dataDir, broker, isSplit, other, cleanUp }: TidingsOptions & { dataDir: string; cleanUp: CleanUp },
): Promise<StartedServices> {
  async function startOne(role: string, databaseUrl: string | undefined): Promise<ServiceProcess> {
    const service = await startService({
      dataDir,
      node: settings.node,
      ...(other !== undefined && { root: other.root }),
      env: {
        ...BENCH_ENV,
        TIDINGS_ROLE: role,
        DATABASE_URL: databaseUrl,
        BROKER_URL: broker === 'rabbitmq' ? settings.rabbitMqUrl : undefined,
      },
      onLog: (line) => void process.stderr.write(`${line}\n`),
    })
    cleanUp.add(() => service.end('SIGTERM'))
    return service
  }

  if (!isSplit && settings.postgresUrl === undefined) {
    const service = await startOne('all', undefined)
    const url = await withEmbeddedUrl(dataDir, (found) => Promise.resolve(found))
    return { services: [service], postgres: { url, pid: await service.postgresPid() } }
  }
  const database = await openDatabase(directory, settings.postgresUrl)
  cleanUp.add(database.remove)
  const services: ServiceProcess[] = []
  for (const role of isSplit ? ['api', 'dispatcher'] : ['all']) services.push(await startOne(role, database.url))
  return { services, postgres: database }
}

/** Makes one subscription with one target for each endpoint; all match every event. */
async function subscribe(url: string, token: string, { endpoints, receiverPort }: SystemContext): Promise<void> {
  const client = createClient(() => url, { token, ...CALLER })
  try {
    for (let endpoint = 0; endpoint < endpoints; endpoint += 1) {
      const { status, body } = await client.call('POST', '/subscriptions', {
        typeFilter: 'jobs.*.*',
        subjectFilter: '*',
        deliveryTargets: [
          { deliveryMethod: 'WEBHOOK', deliveryAddress: `http://127.0.0.1:${receiverPort}/t/${endpoint}` },
        ],
      })
      if (status !== 201) throw new Error(`no subscription: ${status} ${body?.message ?? ''}`)
    }
  } finally {
    await client.close()
  }
}
