import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createJsonClient } from '@tidings/server/api/auth/json-client.ts'
import { createLink } from '@tidings/server/broker/rabbitmq/link.ts'
import { createDatabase } from '@tidings/server/db/database.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createAddressGuard } from '@tidings/server/delivery/address-guard.ts'
import { SMTP_LIMITS } from '@tidings/server/delivery/email/smtp-limits.ts'
import { WEBHOOK_LIMITS } from '@tidings/server/delivery/webhook.ts'
import { createLog } from '@tidings/server/log.ts'
import { bePatientWithAddresses } from '@tidings/server/runtime/address-patience.ts'
import { testSmtpSender } from './smtp-sender.ts'
import { testSender } from './webhook-sender.ts'

/** Where the servers are, as seen from here. */
export interface FarServers {
  readonly http: string
  readonly mailPort: number
  readonly database: string
  readonly hasBroker: boolean
}

/** How the first attempt of each connection ended: `ok`, or why not. */
export type FarResults = Readonly<Record<string, string>>

// Runs on this side of a slow cable (far-world.ts), as a command of the service does: with its limits.
bePatientWithAddresses()
const { http, mailPort, database: databaseUrl, hasBroker } = JSON.parse(process.argv[2] ?? '') as FarServers
const log = createLog({ level: 'silent', isTerminal: false })

async function askWebhook(): Promise<string> {
  const sender = testSender({ guard: createAddressGuard({ allow: ['10.9.0.0/24'] }), limits: WEBHOOK_LIMITS })
  const result = await sender.post(`${http}/webhook`)
  return result.kind === 'answered' ? 'ok' : JSON.stringify(result)
}

/** With the shortest limit there is, that of the Tokens service. */
async function askService(): Promise<string> {
  const { kind } = await createJsonClient({ maxBodyBytes: 1000 }).ask(`${http}/service`, { signal: AbortSignal.timeout(4000) })
  return kind === 'json' ? 'ok' : kind
}

async function askMail(): Promise<string> {
  const result = await testSmtpSender({ host: 'far.example.org', port: mailPort }, { limits: SMTP_LIMITS }).post()
  return result.kind === 'accepted' ? 'ok' : JSON.stringify(result)
}

async function askDatabase(): Promise<string> {
  const database = createDatabase({ url: () => databaseUrl, schema: undefined, name: 'far', maxConnections: 1, statementTimeoutMs: 10_000, answerTimeoutMs: 12_000, log })
  const rows = await database.query(sql`select 1 as one`)
  await database.close()
  return rows.length === 1 ? 'ok' : 'no row'
}

async function askBroker(): Promise<string> {
  if (!hasBroker) return 'ok'
  const server = { host: 'far.example.org', port: 5672, vhost: '/', user: 'guest', password: 'guest', heartbeatS: 5, usesTls: false }
  const link = createLink({ server, ca: undefined, name: 'far', outages: { failed: () => undefined, worked: () => undefined }, log })
  const trouble = await link.open()
  await link.close()
  return trouble === undefined ? 'ok' : trouble.message
}

/** Commands of operators, each a process of its own; what they print. */
const run = (script: string, env: Readonly<Record<string, string>>, ...args: readonly string[]) => new Promise<string>((resolve) => {
  const path = fileURLToPath(new URL(`../../server/${script}`, import.meta.url))
  execFile(process.execPath, ['--import', 'tsx', path, ...args], { env: { ...process.env, DATABASE_URL: databaseUrl, ...env } }, (_, stdout, stderr) => resolve(stdout.trim() || stderr))
})

const asked: Readonly<Record<string, () => Promise<string>>> = {
  webhook: askWebhook, service: askService, mail: askMail, database: askDatabase, broker: askBroker,
  'dead-letters': () => run('dead-letters.ts', {}, '--list'),
  healthcheck: () => run('healthcheck.ts', { TIDINGS_ROLE: 'dispatcher' }),
}
const results = await Promise.all(Object.entries(asked).map(async ([name, ask]) => [name, await ask().catch((error: unknown) => String(error))] as const))
process.stdout.write(JSON.stringify(Object.fromEntries(results)))
process.exit(0)
