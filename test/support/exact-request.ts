import { request, type OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Envelope } from '@tidings/contract/envelope.ts'

export interface ExactResponse {
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
  /** Throws when the response is not JSON. */
  readonly envelope: Envelope<never>
}

/**
 * One request, with exactly these headers in exactly this spelling: what generated clients send, and what fetch would
 * tidy up.
 */
export async function sendExactRequest(
  base: string,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders | readonly string[] = {},
  body?: string,
): Promise<ExactResponse> {
  const response = await new Promise<
    Parameters<typeof text>[0] & { statusCode?: number | undefined; headers: Record<string, unknown> }
  >((resolve, reject) => {
    const length =
      body === undefined
        ? method === 'GET'
          ? {}
          : { 'Content-Length': 0 }
        : { 'Content-Length': Buffer.byteLength(body) }
    const sent = request(
      `${base}/v3/notifications${path}`,
      {
        method,
        headers: Array.isArray(headers)
          ? [...(headers as readonly string[])]
          : { ...length, ...(headers as OutgoingHttpHeaders) },
      },
      resolve,
    )
    sent.on('error', reject)
    sent.end(body)
  })
  const answer = await text(response)
  return {
    status: response.statusCode ?? 0,
    contentType: typeof response.headers['content-type'] === 'string' ? response.headers['content-type'] : undefined,
    text: answer,
    get envelope() {
      return JSON.parse(answer) as Envelope<never>
    },
  }
}

/** Flat pairs, so that a name may be sent twice: these headers, and those that every request needs. */
export function rawHeadersOf(
  base: string,
  headers: Readonly<Record<string, string>> | readonly string[],
  body: string | undefined,
): readonly string[] {
  const framing =
    body === undefined
      ? ['Content-Length', '0']
      : ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))]
  const own = Array.isArray(headers) ? (headers as readonly string[]) : Object.entries(headers).flat()
  return ['Host', new URL(base).host, ...framing, ...own]
}
