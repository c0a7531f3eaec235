import pg from 'pg'
import { parse } from 'pg-connection-string'
import { CONNECT_LIMIT_MS } from '../runtime/connect-limit.ts'
import { fromEnvironment } from './libpq-environment.ts'
import { NEEDED_SETTINGS, sessionOptions, type SessionSettings } from './session-settings.ts'
import { readTlsRequest, tlsOptions, type TlsRequest } from './tls-request.ts'
import { isWorthTurning, wantsTls } from './tls-turn.ts'

export interface ConnectingOptions {
  /** As the server's list of sessions shows it. */
  readonly name: string
  /** On top of those that every session needs. */
  readonly settings?: SessionSettings
  /** By the way that is not the first choice, where the address lets TLS depend on the server. */
  readonly isTurned?: boolean
}

export interface ClientOptions extends ConnectingOptions {
  /** To the database of somebody else, where none of our settings belong. */
  readonly isPlain?: boolean
  /** Of each of the two ways. */
  readonly connectMs?: number
  /** How long an answer is waited for; unset: as long as it takes. */
  readonly queryTimeoutMs?: number
}

/**
 * How to connect to this address. Of its parameters count what leads to the server, TLS, and `options`, before ours; nothing else
 * can change what a connection is. What it leaves out the environment says, as for libpq. Throws an `UnusableAddress`.
 */
export function connectionTo(url: string, { name, settings = {}, isTurned }: ConnectingOptions): pg.ClientConfig {
  const given = split(url).parameters.get('options') ?? fromEnvironment('options')
  return { ...plainConnectionTo(url, name, isTurned), options: sessionOptions(given, NEEDED_SETTINGS, settings) }
}

/** The same to the database of somebody else, where none of our settings belong. */
export function plainConnectionTo(url: string, name: string, isTurned = false): pg.ClientConfig {
  const { address, parameters } = split(url)
  const { host, port, user, password, database } = parse(address)
  const options = parameters.get('options')
  const tls = readTlsRequest(parameters)
  const server = host || fromEnvironment('host')
  const hasTls = wantsTls(tls.mode, isTurned) && server?.startsWith('/') !== true // libpq has none on a socket of the machine
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

/** What the address says of TLS. Throws an `UnusableAddress`. */
export const tlsModeOf = (url: string): TlsRequest['mode'] => readTlsRequest(split(url).parameters).mode

/**
 * A connection of its own, which whoever asked for it ends. Where the address lets TLS depend on the server, the other way is
 * tried at once. One that is lost between two statements is reported by the next one.
 */
export async function openClient(url: string, options: ClientOptions): Promise<pg.Client> {
  const mode = tlsModeOf(url)
  return connectOnce(url, options).catch((error: unknown) => {
    if (!isWorthTurning(mode, false, error)) throw error
    return connectOnce(url, { ...options, isTurned: true })
  })
}

async function connectOnce(url: string, { isPlain = false, connectMs = CONNECT_LIMIT_MS, queryTimeoutMs, ...options }: ClientOptions): Promise<pg.Client> {
  const connection = isPlain ? plainConnectionTo(url, options.name, options.isTurned) : connectionTo(url, options)
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: connectMs, keepAlive: true, ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs }) })
  client.on('error', () => undefined) // without a listener it would end the process
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** The address proper, with those parameters that lead to the server, and all of them. */
function split(url: string): { readonly address: string; readonly parameters: URLSearchParams } {
  const [base = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  const leading = new URLSearchParams()
  for (const name of ['host', 'port', 'user', 'password']) {
    const value = parameters.get(name)
    if (value !== null) leading.set(name, value)
  }
  return { address: leading.size > 0 ? `${base}?${leading.toString()}` : base, parameters }
}
