import { Agent, request } from 'undici'

export interface ClientOptions {
  readonly token: string
  /** X-Tapis-User and X-Tapis-Tenant: for whom a service acts. */
  readonly user: string
  readonly tenant: string
  /** Connections to the service. */
  readonly connections?: number
  readonly timeoutMs?: number
}

/** Base address of the service, asked at each call: it changes over restarts. */
export type Where = () => string

export interface Answer {
  readonly status: number
  /** The envelope; undefined when the answer had none. */
  readonly body: { readonly result: unknown; readonly message: string } | undefined
}

/** Calls the service as a Tapis service does. Rejects when there was no answer. */
export interface Client {
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  close(): Promise<void>
}

export function createClient(where: Where, { token, user, tenant, connections = 64, timeoutMs = 15_000 }: ClientOptions): Client {
  const agent = new Agent({ connections, pipelining: 1 })
  return {
    async call(method, path, body, headers = {}) {
      const response = await request(`${where()}/v3/notifications${path}`, {
        method,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: { 'x-tapis-token': token, 'x-tapis-user': user, 'x-tapis-tenant': tenant, 'content-type': 'application/json', ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: response.statusCode, body: envelopeOf(await response.body.text()) }
    },
    close: () => agent.close(),
  }
}

function envelopeOf(text: string): Answer['body'] {
  try {
    return JSON.parse(text) as Answer['body']
  } catch {
    return undefined
  }
}
