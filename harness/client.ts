import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { Agent, request } from 'undici'

export interface ClientOptions {
  readonly token: string
  /** X-Tapis-User and X-Tapis-Tenant: on whose behalf the service acts. */
  readonly user: string
  readonly tenant: string
  /** Maximum number of connections to the service. */
  readonly connections?: number
  /** Limit for the head of a response, and for each pause in its body. */
  readonly timeoutMs?: number
  /** Gets every response before the caller does. If it rejects, so does the call. */
  readonly onResponse?: (response: RawResponse) => Promise<void>
}

/** A response as it came. */
export interface RawResponse {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
}

/** Returns the base address of the service. Called for each request, because it changes with a restart. */
export type BaseUrl = () => string

export interface ClientResponse {
  readonly status: number
  /** The envelope; undefined if the response has none. */
  readonly body: { readonly result: unknown; readonly message: string } | undefined
}

/** Calls the service as a Tapis service does. Rejects if there is no response. */
export interface Client {
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ClientResponse>
  /** Resolves when the calls that run have ended. */
  close(): Promise<void>
}

export function createClient(
  baseUrl: BaseUrl,
  { token, user, tenant, connections = 64, timeoutMs = 15_000, onResponse }: ClientOptions,
): Client {
  const agent = new Agent({ connections, pipelining: 1 }) // as clients do: one call at a time on a connection
  return {
    async call(method, path, body, headers = {}) {
      const url = `${baseUrl()}${BASE_PATH}${path}`
      const response = await request(url, {
        method,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          'x-tapis-token': token,
          'x-tapis-user': user,
          'x-tapis-tenant': tenant,
          'content-type': 'application/json',
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const {
        statusCode: status,
        headers: { 'content-type': contentType },
      } = response
      const text = await response.body.text()
      await onResponse?.({ method, url, status, contentType: contentType?.toString(), text })
      return { status, body: envelopeOf(text) }
    },
    close: () => agent.close(),
  }
}

/** What the text says it is: nothing is checked. */
function envelopeOf(text: string): ClientResponse['body'] {
  try {
    return JSON.parse(text) as ClientResponse['body']
  } catch {
    return undefined
  }
}
