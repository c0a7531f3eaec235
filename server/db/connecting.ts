import type pg from 'pg'
import { parse } from 'pg-connection-string'
import { fromEnvironment } from './libpq-environment.ts'
import { NEEDED_SETTINGS, sessionOptions, type SessionSettings } from './session-settings.ts'
import { readTlsRequest, tlsOptions } from './tls-request.ts'
import { turns, wantsTls } from './tls-turn.ts'

export interface ConnectingOptions {
  /** As the server's list of sessions shows it. */
  readonly name: string
  /** On top of those that every session needs. */
  readonly settings?: SessionSettings
}

/**
 * How to connect to this address. Of its parameters count what leads to the server, TLS, and `options`, before ours; nothing else
 * can change what a connection is. What it leaves out the environment says, as for libpq. Throws an `UnusableAddress`.
 */
export function connectionTo(url: string, { name, settings = {} }: ConnectingOptions): pg.ClientConfig {
  const given = split(url).parameters.get('options') ?? fromEnvironment('options')
  return { ...plainConnectionTo(url, name), options: sessionOptions(given, NEEDED_SETTINGS, settings) }
}

/** The same to the database of somebody else, where none of our settings belong. */
export function plainConnectionTo(url: string, name: string): pg.ClientConfig {
  const { address, parameters } = split(url)
  const { host, port, user, password, database } = parse(address)
  const options = parameters.get('options')
  const tls = readTlsRequest(parameters)
  const server = host || fromEnvironment('host')
  const hasTls = wantsTls(url, tls) && server?.startsWith('/') !== true // libpq has none on a socket of the machine
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

/** Whether it is worth to connect once more at once, after this failure. */
export const isWorthAnotherWay = (url: string, error: unknown) => turns(url, readTlsRequest(split(url).parameters), error)

/** Connects a client that `make` makes; a second one where the address lets TLS depend on the server. */
export async function connected(url: string, make: () => pg.Client): Promise<pg.Client> {
  const client = make()
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    if (!isWorthAnotherWay(url, error)) throw error
    const another = make()
    await another.connect()
    return another
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
