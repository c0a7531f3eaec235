import pg from 'pg'
import { parse } from 'pg-connection-string'
import { CONNECT_LIMIT_MS } from '../runtime/connect-limit.ts'
import { fromEnvironment } from './libpq-environment.ts'
import { NEEDED_SETTINGS, sessionOptions, type SessionSettings } from './session-settings.ts'
import { readTlsSettings, tlsOptions, type TlsSettings } from './tls-settings.ts'
import { shouldFallBack, wantsTls } from './tls-fallback.ts'

export interface ConnectionOptions {
  /** The name of the session in pg_stat_activity. */
  readonly name: string
  /** In addition to those that every session needs. */
  readonly settings?: SessionSettings
  /** Uses the second choice of TLS or none, where the address lets it depend on the server. */
  readonly usesFallback?: boolean
}

export interface ClientOptions extends ConnectionOptions {
  /** For another program's database, which gets none of our settings. */
  readonly isPlain?: boolean
  /** For each of the two tries. */
  readonly connectMs?: number
  /** How long to wait for a result; unset: without a limit. */
  readonly queryTimeoutMs?: number
}

/**
 * Returns how to connect to this address. Of its parameters, only those for the server, for TLS, and `options` (before
 * ours) have an effect. The environment completes what it leaves out, as with libpq. Throws `InvalidDatabaseUrl`.
 */
export function connectionConfig(
  url: string,
  { name, settings = {}, usesFallback }: ConnectionOptions,
): pg.ClientConfig {
  const given = splitUrl(url).parameters.get('options') ?? fromEnvironment('options')
  return {
    ...plainConnectionConfig(url, name, usesFallback),
    options: sessionOptions(given, NEEDED_SETTINGS, settings),
  }
}

/** Returns the same for another program's database, which gets none of our settings. */
export function plainConnectionConfig(url: string, name: string, usesFallback = false): pg.ClientConfig {
  const { address, parameters } = splitUrl(url)
  const { host, port, user, password, database } = parse(address)
  const options = parameters.get('options')
  const tls = readTlsSettings(parameters)
  const server = host || fromEnvironment('host')
  // libpq uses no TLS on a Unix socket
  const hasTls = wantsTls(tls.mode, usesFallback) && server?.startsWith('/') !== true
  return {
    ...(server && { host: server }),
    ...(port && { port: Number(port) }),
    ...(user && { user }),
    ...(password && { password }),
    ...(database && { database }),
    ssl: hasTls && tlsOptions(tls),
    sslnegotiation: hasTls && tls.isDirect ? 'direct' : 'postgres',
    application_name: name,
    ...(options !== null && { options }),
  }
}

/** Returns the TLS mode of the address. Throws `InvalidDatabaseUrl`. */
export const tlsModeOf = (url: string): TlsSettings['mode'] => readTlsSettings(splitUrl(url).parameters).mode

/**
 * Opens a connection outside of any pool, which the caller ends. Where the address lets TLS depend on the server, the
 * second choice is tried at once. The next statement reports a connection that was lost in between.
 */
export async function openClient(url: string, options: ClientOptions): Promise<pg.Client> {
  const mode = tlsModeOf(url)
  return connectOnce(url, options).catch((error: unknown) => {
    if (!shouldFallBack(mode, false, error)) throw error
    return connectOnce(url, { ...options, usesFallback: true })
  })
}

async function connectOnce(
  url: string,
  { isPlain = false, connectMs = CONNECT_LIMIT_MS, queryTimeoutMs, ...options }: ClientOptions,
): Promise<pg.Client> {
  const connection = isPlain
    ? plainConnectionConfig(url, options.name, options.usesFallback)
    : connectionConfig(url, options)
  const client = new pg.Client({
    ...connection,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs }),
  })
  client.on('error', () => undefined) // without a listener it would end the process
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** Returns the address with only the parameters for the server, and all parameters. */
function splitUrl(url: string): { readonly address: string; readonly parameters: URLSearchParams } {
  const [base = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  const leading = new URLSearchParams()
  for (const name of ['host', 'port', 'user', 'password']) {
    const value = parameters.get(name)
    if (value !== null) leading.set(name, value)
  }
  return { address: leading.size > 0 ? `${base}?${leading.toString()}` : base, parameters }
}
