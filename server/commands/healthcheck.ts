import '../runtime/preload.ts'
import { hostname } from 'node:os'
import type pg from 'pg'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { readConfig, type Config } from '../config/config.ts'
import { openClient } from '../db/pg-client.ts'
import { useInstallationSchema } from '../db/installation-schema.ts'
import { sql } from '../db/sql.ts'
import { within } from '../runtime/within.ts'

const API_LIMIT_MS = 5000
/**
 * Connecting, which takes up to 5 s to a database far away (runtime/connect-limit.ts), and the questions. Docker waits
 * 10 s for the whole, the start of Node.js included.
 */
const DATABASE_LIMIT_MS = 7000

/**
 * Checks the health of this container's process, and exits with 0 or 1. An api responds to healthcheck. A dispatcher
 * has no port, but renews its lease in the database each second, which can be seen from outside. `--strict`: also 1
 * when a dispatcher's database cannot be reached, which a restart of the dispatcher would not cure.
 */
const { isHealthy, reason } = await checkHealth(readConfig(process.env), {
  isStrict: process.argv.includes('--strict'),
})
process.stdout.write(`${reason}\n`, () => process.exit(isHealthy ? 0 : 1)) // a connection may still be under way

interface Options {
  readonly isStrict: boolean
}

interface HealthResult {
  readonly isHealthy: boolean
  readonly reason: string
}

function checkHealth(config: Config, options: Options): Promise<HealthResult> {
  return config.role === 'dispatcher' ? checkDispatcherInTime(config, options) : checkApi(config)
}

async function checkDispatcherInTime(config: Config, options: Options): Promise<HealthResult> {
  const checked = checkDispatcher(config, options)
  if (await within(DATABASE_LIMIT_MS, checked)) return checked
  return unknownResult(`no response within ${DATABASE_LIMIT_MS / 1000} s`, options)
}

async function checkApi({ host, port }: Config): Promise<HealthResult> {
  const url = `http://${loopbackOf(host)}:${port}${BASE_PATH}/healthcheck`
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(API_LIMIT_MS) })
    return { isHealthy: status === 200, reason: `${url} responds with ${status}` }
  } catch (error) {
    return { isHealthy: false, reason: `${url} does not respond: ${textOf(error)}` }
  }
}

/** An api that listens everywhere listens on loopback too. */
function loopbackOf(host: string): string {
  const known = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return known.includes(':') ? `[${known}]` : known
}

async function checkDispatcher({ databaseUrl = '' }: Config, options: Options): Promise<HealthResult> {
  let client: pg.Client | undefined
  try {
    client = await openClient(databaseUrl, { name: 'tidings healthcheck' })
    if (!(await useInstallationSchema(client)))
      return { isHealthy: false, reason: 'the database has no installation yet' }
    // A dispatcher registers as `<host> <pid> ...`, and a container is a host of its own.
    const { rowCount } = await client.query(
      sql`select from dispatcher where starts_with(address, ${`${hostname()} `}) and lease_until > clock_timestamp()`,
    )
    const isHeld = (rowCount ?? 0) > 0
    return { isHealthy: isHeld, reason: isHeld ? 'the lease is valid' : 'no dispatcher of this host has a valid lease' }
  } catch (error) {
    return unknownResult(textOf(error), options)
  } finally {
    await client?.end().catch(() => undefined)
  }
}

function unknownResult(why: string, { isStrict }: Options): HealthResult {
  return { isHealthy: !isStrict, reason: `the database cannot be queried: ${why}` }
}

function textOf(error: unknown): string {
  // fetch hides what went wrong
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
