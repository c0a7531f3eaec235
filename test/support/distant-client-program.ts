import { execFile } from 'node:child_process'
import { programArguments } from '@tidings/harness/program.ts'
import { createJsonClient } from '@tidings/server/api/auth/json-client.ts'
import { createBrokerConnection } from '@tidings/server/broker/rabbitmq/broker-connection.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createAddressGuard } from '@tidings/server/delivery/webhook/address-guard.ts'
import { SMTP_LIMITS } from '@tidings/server/delivery/email/smtp-limits.ts'
import { WEBHOOK_LIMITS } from '@tidings/server/delivery/webhook/webhook-sender.ts'
import { createLog } from '@tidings/server/log.ts'
import { extendAddressTimeout } from '@tidings/server/runtime/address-timeout.ts'
import { createTestSmtpSender } from './test-smtp-sender.ts'
import { createTestWebhookSender } from './test-webhook-sender.ts'

/** Where the servers are, as seen from here. */
export interface DistantServers {
  readonly http: string
  readonly mailPort: number
  readonly database: string
  readonly hasBroker: boolean
}

/** How the first attempt of each connection ended: `ok`, or why not. */
export type DistantResults = Readonly<Record<string, string>>

// Runs on this side of a slow cable (distant-network.ts), as a command of the service does: with its limits.
extendAddressTimeout()
const { http, mailPort, database: databaseUrl, hasBroker } = JSON.parse(process.argv[2] ?? '') as DistantServers
const log = createLog({ level: 'silent', isTerminal: false })

async function askWebhook(): Promise<string> {
  const sender = createTestWebhookSender({
    guard: createAddressGuard({ allow: ['10.9.0.0/24'] }),
    limits: WEBHOOK_LIMITS,
  })
  const result = await sender.post(`${http}/webhook`)
  return result.kind === 'answered' ? 'ok' : JSON.stringify(result)
}

/** With the shortest limit there is, that of the Tokens service. */
async function askService(): Promise<string> {
  const { kind } = await createJsonClient({ maxBodyBytes: 1000 }).send(`${http}/service`, {
    signal: AbortSignal.timeout(4000),
  })
  return kind === 'json' ? 'ok' : kind
}

async function askMail(): Promise<string> {
  const result = await createTestSmtpSender({ host: 'far.example.org', port: mailPort }, { limits: SMTP_LIMITS }).post()
  return result.kind === 'accepted' ? 'ok' : JSON.stringify(result)
}

async function askDatabase(): Promise<string> {
  const database = createDatabase({
    url: () => databaseUrl,
    schema: undefined,
    name: 'far',
    maxConnections: 1,
    statementTimeoutMs: 10_000,
    answerTimeoutMs: 12_000,
    log,
  })
  const rows = await database.query(sql`select 1 as one`)
  await database.close()
  return rows.length === 1 ? 'ok' : 'no row'
}

async function askBroker(): Promise<string> {
  if (!hasBroker) return 'ok'
  const server = {
    host: 'far.example.org',
    port: 5672,
    vhost: '/',
    user: 'guest',
    password: 'guest',
    heartbeatS: 5,
    usesTls: false,
  }
  const link = createBrokerConnection({
    server,
    ca: undefined,
    name: 'far',
    outages: { failed: () => undefined, markHealthy: () => undefined },
    log,
  })
  const trouble = await link.open()
  await link.close()
  return trouble === undefined ? 'ok' : trouble.message
}

/** Commands of operators, each a process of its own; what they print. */
const run = (script: string, env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [...programArguments(`server/commands/${script}`), ...args],
      { env: { ...process.env, DATABASE_URL: databaseUrl, ...env } },
      (_, stdout, stderr) => resolve(stdout.trim() || stderr),
    )
  })

const asked: Readonly<Record<string, () => Promise<string>>> = {
  webhook: askWebhook,
  service: askService,
  mail: askMail,
  database: askDatabase,
  broker: askBroker,
  'dead-letters': () => run('dead-letters.ts', {}, '--list'),
  healthcheck: () => run('healthcheck.ts', { TIDINGS_ROLE: 'dispatcher' }),
}
const results = await Promise.all(
  Object.entries(asked).map(
    async ([name, ask]) => [name, await ask().catch((error: unknown) => String(error))] as const,
  ),
)
process.stdout.write(JSON.stringify(Object.fromEntries(results)))
process.exit(0)
