import { SERVICE_FLAGS, sourceArguments } from '../../program.ts'
import { startService, type ServiceProcess } from '../../service-process.ts'
import { PUBLISH_PATH } from './rival/event-endpoint.ts'
import { RIVAL_VARIABLE, type RivalSettings } from './rival/rival-settings.ts'
import type { CleanUp, RunningSystem, SystemContext } from './system.ts'

/** Of notifications that are sent at once: enough for receivers that respond quickly. */
const CONCURRENCY = 100

export interface RivalOptions extends Pick<RivalSettings, 'redisPort' | 'databaseUrl'> {
  /** A file of `systems/rival/`. */
  readonly program: string
  /** As api and worker instead of one process. */
  readonly isSplit: boolean
  readonly cleanUp: CleanUp
}

export interface RivalProcesses extends Pick<RunningSystem, 'publishTo'> {
  readonly services: readonly ServiceProcess[]
}

/** Starts the processes of a rival, the api last. Where order counts, it sends one notification at a time. */
export async function startRival(
  { directory, receiverPort, endpoints, isOrdered, settings }: SystemContext,
  { program, isSplit, cleanUp, ...servers }: RivalOptions,
): Promise<RivalProcesses> {
  const concurrency = isOrdered ? 1 : CONCURRENCY
  const services: ServiceProcess[] = []
  for (const role of isSplit ? (['worker', 'api'] as const) : (['all'] as const)) {
    const told: RivalSettings = { role, receiverPort, endpoints, concurrency, ...servers }
    const service = await startService({
      dataDir: directory,
      node: settings.node,
      program: [...SERVICE_FLAGS, ...sourceArguments(`harness/bench/systems/rival/${program}`)],
      env: { [RIVAL_VARIABLE]: JSON.stringify(told), NODE_ENV: 'production' },
      onLog: (line) => void process.stderr.write(`${line}\n`),
    })
    cleanUp.add(() => service.end('SIGKILL'))
    services.push(service)
  }
  const { hostname: host, port } = new URL(services.at(-1)?.url ?? '')
  return { services, publishTo: { host, port: Number(port), path: PUBLISH_PATH, headers: {} } }
}
