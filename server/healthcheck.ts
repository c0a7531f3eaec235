import './runtime/first.ts'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { BASE_PATH } from './api/route.ts'
import { readConfig, type Config } from './config.ts'
import { openClient } from './db/connecting.ts'
import { enterInstallation } from './db/installation-place.ts'
import { sql } from './db/sql.ts'

const API_LIMIT_MS = 5000
/**
 * Connecting, which takes up to 5 s to a database far away (runtime/connect-limit.ts), and the questions. Docker waits 10 s for
 * the whole, the start of Node.js included.
 */
const DATABASE_LIMIT_MS = 7000

/**
 * Asks how the process of this container does, and ends with 0 or 1. An api answers healthcheck. A dispatcher has no port, but
 * renews its lease in the database each second; whether that runs can be seen from outside of it.
 * `--strict`: also 1 when a dispatcher's database cannot be asked, which a restart of the dispatcher would not mend.
 */
const { isWell, because } = await examine(readConfig(process.env), { isStrict: process.argv.includes('--strict') })
process.stdout.write(`${because}\n`, () => process.exit(isWell ? 0 : 1)) // a connection may still be under way

interface Options {
  readonly isStrict: boolean
}

interface Finding {
  readonly isWell: boolean
  readonly because: string
}

function examine(config: Config, options: Options): Promise<Finding> {
  return config.role === 'dispatcher' ? Promise.race([dispatcherFinding(config, options), lateFinding(options)]) : apiFinding(config)
}

async function lateFinding(options: Options): Promise<Finding> {
  await delay(DATABASE_LIMIT_MS)
  return unasked(`no answer within ${DATABASE_LIMIT_MS / 1000} s`, options)
}

async function apiFinding({ host, port }: Config): Promise<Finding> {
  const url = `http://${reachable(host)}:${port}${BASE_PATH}/healthcheck`
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(API_LIMIT_MS) })
    return { isWell: status === 200, because: `${url} answers ${status}` }
  } catch (error) {
    return { isWell: false, because: `${url} does not answer: ${textOf(error)}` }
  }
}

/** An api that listens everywhere listens on loopback too. */
function reachable(host: string): string {
  const known = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return known.includes(':') ? `[${known}]` : known
}

async function dispatcherFinding({ databaseUrl = '' }: Config, options: Options): Promise<Finding> {
  let client: pg.Client | undefined
  try {
    client = await openClient(databaseUrl, { name: 'tidings healthcheck' })
    if (!(await enterInstallation(client))) return { isWell: false, because: 'the database has no installation yet' }
    // A dispatcher registers as `<host> <pid> ...`, and a container is a host of its own.
    const { rowCount } = await client.query(sql`select from dispatcher where starts_with(address, ${`${hostname()} `}) and lease_until > clock_timestamp()`)
    const isHeld = (rowCount ?? 0) > 0
    return { isWell: isHeld, because: isHeld ? 'the lease runs' : 'no lease of this host runs' }
  } catch (error) {
    return unasked(textOf(error), options)
  } finally {
    await client?.end().catch(() => undefined)
  }
}

function unasked(why: string, { isStrict }: Options): Finding {
  return { isWell: !isStrict, because: `the database cannot be asked: ${why}` }
}

function textOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error // fetch hides what went wrong
  return cause instanceof Error ? cause.message : String(cause)
}
