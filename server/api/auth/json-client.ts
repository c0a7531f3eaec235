import { Agent, request } from 'undici'

/** Refused connections and broken answers reject; what came as a whole is told apart. */
export type JsonAnswer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly statusCode: number }

export interface JsonQuestion {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: object
  /** Statuses that are an answer; any other is a refusal. */
  readonly expects?: readonly number[]
  /** Gives the question up. */
  readonly signal: AbortSignal
}

/** Asks other services for JSON. */
export interface JsonClient {
  /** A redirect is a refusal: keys, tokens and rights come from the address that was configured, or not at all. */
  ask(url: string, question: JsonQuestion): Promise<JsonAnswer>
}

export interface JsonClientOptions {
  /** A longer answer rejects. */
  readonly maxBodyBytes: number
  /** To one service, at the same moment; other questions wait. */
  readonly maxConnections?: number
}

export function createJsonClient({ maxBodyBytes, maxConnections = 8 }: JsonClientOptions): JsonClient {
  const agent = new Agent({ maxResponseSize: maxBodyBytes, connections: maxConnections })
  return {
    async ask(url, { method = 'GET', headers = {}, body: content, expects = [200], signal }) {
      const { statusCode, body } = await request(url, {
        method,
        dispatcher: agent,
        reset: true, // an idle connection would only be stale by the next question
        signal,
        headers: { accept: 'application/json', ...(content && { 'content-type': 'application/json' }), ...headers },
        ...(content && { body: JSON.stringify(content) }),
      })
      if (expects.includes(statusCode)) return { kind: 'json', value: await body.json() }
      await body.dump()
      return { kind: 'refused', statusCode }
    },
  }
}
