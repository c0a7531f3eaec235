import { Agent, request } from 'undici'

/** Connection failures and malformed responses reject; this is the result of a complete response. */
export type JsonResponse =
  { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'rejected'; readonly statusCode: number }

export interface JsonRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: object
  /** Statuses of a success; any other is a rejection. */
  readonly expects?: readonly number[]
  /** Cancels the request. */
  readonly signal: AbortSignal
}

/** Requests JSON from other services. */
export interface JsonClient {
  /** A redirect counts as rejected: keys, tokens and rights come from the configured address or not at all. */
  send(url: string, jsonRequest: JsonRequest): Promise<JsonResponse>
}

export interface JsonClientOptions {
  /** A longer response rejects. */
  readonly maxBodyBytes: number
  /** To one service, at the same moment; other requests wait. */
  readonly maxConnections?: number
}

export function createJsonClient({ maxBodyBytes, maxConnections = 8 }: JsonClientOptions): JsonClient {
  const agent = new Agent({ maxResponseSize: maxBodyBytes, connections: maxConnections })
  return {
    async send(url, { method = 'GET', headers = {}, body: content, expects = [200], signal }) {
      const { statusCode, body } = await request(url, {
        method,
        dispatcher: agent,
        reset: true, // an idle connection would be stale by the next request
        signal,
        headers: { accept: 'application/json', ...(content && { 'content-type': 'application/json' }), ...headers },
        ...(content && { body: JSON.stringify(content) }),
      })
      if (expects.includes(statusCode)) return { kind: 'json', value: await body.json() }
      await body.dump()
      return { kind: 'rejected', statusCode }
    },
  }
}
