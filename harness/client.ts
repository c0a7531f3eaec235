import { Agent, request } from 'undici'

export interface ClientOptions {
  readonly token: string
  /** X-Tapis-User and X-Tapis-Tenant: for whom a service acts. */
  readonly user: string
  readonly tenant: string
  /** Connections to the service. */
  readonly connections?: number
  readonly timeoutMs?: number
  /** Sees every answer before the caller does. When it rejects, so does the call. */
  readonly onAnswer?: (answer: WireAnswer) => Promise<void>
}

/** An answer as it came. */
export interface WireAnswer {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
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
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  close(): Promise<void>
}

export function createClient(where: Where, { token, user, tenant, connections = 64, timeoutMs = 15_000, onAnswer }: ClientOptions): Client {
  const agent = new Agent({ connections, pipelining: 1 })
  return {
    async call(method, path, body, headers = {}) {
      const url = `${where()}/v3/notifications${path}`
      const response = await request(url, {
        method,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: { 'x-tapis-token': token, 'x-tapis-user': user, 'x-tapis-tenant': tenant, 'content-type': 'application/json', ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const { statusCode: status, headers: { 'content-type': contentType } } = response
      const text = await response.body.text()
      await onAnswer?.({ method, url, status, contentType: contentType?.toString(), text })
      return { status, body: envelopeOf(text) }
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
