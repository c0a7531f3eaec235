import { createClient, type Client } from '@tidings/harness/client.ts'
import { errorCode } from '@tidings/server/runtime/error-code.ts'
import { checkResponse } from './response-checks.ts'

/**
 * A publisher that knows several apis, and goes to the next one when a connection is refused, or ends before any byte
 * of a response.
 */
export interface FailoverClient {
  readonly client: Client
  /** How long each call took, with its repetitions, in ms. */
  readonly publishMs: readonly number[]
  /** Connections that were refused. */
  readonly refused: number
  /** Connections that ended, with a request on them, before any byte of its response. */
  readonly reset: number
  close(): Promise<void>
}

/** undici's codes: no connection; a connection that the other side ended or reset before its response. */
const REFUSED = 'ECONNREFUSED'
const RESET: readonly (string | undefined)[] = ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']
/** More refusals in a row than this mean that no api is there. */
const MAX_TRIES = 20

/** `urls` is called at each request: it changes over restarts. */
export function createFailoverClient(urls: () => readonly string[], token: string): FailoverClient {
  const publishMs: number[] = []
  const count = { refused: 0, reset: 0 }
  let next = 0
  let url = ''
  const client = createClient(() => url, { token, user: 'jdoe', tenant: 'dev', onResponse: checkResponse })

  const call: Client['call'] = async (...request) => {
    const startedAt = performance.now()
    for (let tries = 1; ; tries += 1) {
      const candidates = urls()
      url = candidates[next++ % candidates.length] ?? ''
      try {
        const answer = await client.call(...request)
        publishMs.push(performance.now() - startedAt)
        return answer
      } catch (error) {
        const code = errorCode(error)
        if (tries === MAX_TRIES || (code !== REFUSED && !RESET.includes(code))) throw error
        if (code === REFUSED) count.refused += 1
        else count.reset += 1
      }
    }
  }

  return {
    client: { call, close: client.close },
    publishMs,
    get refused() {
      return count.refused
    },
    get reset() {
      return count.reset
    },
    close: client.close,
  }
}
