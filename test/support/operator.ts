import { createClient, type Client } from '@tidings/harness/client.ts'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { startService, type ServiceOptions, type ServiceProcess } from '@tidings/harness/service-process.ts'
import { mintDevelopmentToken } from '@tidings/server/api/auth/development-token.ts'
import { checkResponse } from './response-checks.ts'
import { createDataDirectories } from './data-directories.ts'

/** Somebody who runs the service as real processes on one data directory, and reads what it says. */
export interface Operator {
  readonly dataDir: string
  readonly receiver: Receiver
  /** Of the service `jobs`. */
  readonly token: string
  /** Calls the api that was started last, as the service `jobs` for `jdoe` of the tenant `dev`. */
  readonly client: Client
  /** Every line on standard output, of all processes. */
  readonly output: readonly string[]
  /** Every line on standard error, of all processes. */
  readonly log: readonly string[]
  /** Lines of the log that need manual intervention: level error and above, or no JSON at all. */
  alarms(): readonly string[]
  start(options?: Pick<ServiceOptions, 'env' | 'ownGroup' | 'program' | 'root' | 'uid'>): Promise<ServiceProcess>
  /** Has everything that is published in `jobs` sent to the receiver. */
  subscribe(): Promise<void>
  /** `200` or `503`, and what was said. */
  readiness(): Promise<{ status: number; result: string }>
  /** Ends what still runs and removes the directory. */
  cleanUp(): Promise<void>
}

const ENV = {
  DATABASE_URL: undefined,
  BROKER_URL: undefined,
  TENANTS_FILE: undefined,
  TAPIS_TENANT_SVC_BASEURL: undefined,
  HOST: undefined,
  TIDINGS_RETRY_DELAYS_S: '0.1',
  LOG_LEVEL: 'info',
}

export async function createOperator(common: ServiceOptions['env'] = {}): Promise<Operator> {
  const directories = createDataDirectories()
  const dataDir = await directories.make()
  const receiver = await startReceiver()
  const token = await mintDevelopmentToken(
    { dataDir, siteId: 'dev', tenants: { kind: 'development' } },
    { kind: 'service', name: 'jobs' },
  )
  const processes: ServiceProcess[] = []
  const output: string[] = []
  const log: string[] = []
  let url = ''
  const client = createClient(() => url, { token, user: 'jdoe', tenant: 'dev', onResponse: checkResponse })

  return {
    dataDir,
    receiver,
    token,
    client,
    output,
    log,
    alarms: () => log.filter(isAlarm),
    async start({ env = {}, ...options } = {}) {
      const service = await startService({
        dataDir,
        ...options,
        env: { ...ENV, ...common, ...env },
        onLog: (line) => log.push(line),
        onOutput: (line) => output.push(line),
      })
      processes.push(service)
      if (service.url.startsWith('http')) url = service.url
      return service
    },
    async subscribe() {
      const { status, body } = await client.call('POST', '/subscriptions', {
        name: 'everything',
        typeFilter: 'jobs.*.*',
        subjectFilter: '*',
        deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url('/hook') }],
      })
      if (status !== 201) throw new Error(`no subscription: ${status} ${body?.message ?? ''}`)
    },
    async readiness() {
      const { status, body } = await client.call('GET', '/readycheck')
      return { status, result: String(body?.result) }
    },
    async cleanUp() {
      await Promise.all(processes.map((service) => service.end('SIGKILL')))
      await client.close()
      await receiver.close()
      await directories.removeAll()
    },
  }
}

function isAlarm(line: string): boolean {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry !== 'object' || entry === null || !('level' in entry) || Number(entry.level) >= 50
  } catch {
    return true
  }
}
