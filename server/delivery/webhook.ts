import { setMaxListeners } from 'node:events'
import type { Log } from '../log.ts'
import type { AddressGuard } from './address-guard.ts'
import { createConnections, type ConnectionLimits } from './connections.ts'
import { createGuardedConnect } from './guarded-connect.ts'
import type { Resolve } from './resolve.ts'
import type { SendResult } from './send-result.ts'
import { attempt, type AttemptLimits, type AttemptOptions, type ConnectionResult } from './webhook-attempt.ts'
import { webhookRequest } from './webhook-request.ts'

export interface WebhookLimits extends ConnectionLimits, AttemptLimits {
  /** Name look-up, TCP and TLS together. */
  readonly connectMs: number
}

export const WEBHOOK_LIMITS: WebhookLimits = { connectMs: 10_000, totalMs: 30_000, idleMs: 3500, idleConnections: 1024, headBytes: 64 * 1024, bodyBytes: 64 * 1024 }

export interface WebhookSend {
  /** An http or https URL. */
  readonly address: string
  readonly body: Buffer | string
  /** Beside those that every notification has; they cannot be replaced. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Asked when the connection is up, in the tick in which the request is written. No: nothing is written. */
  readonly maySend: () => boolean
}

export interface WebhookSender {
  /**
   * One attempt: at most one request on the wire. Never rejects. The caller bounds how many run at a time.
   *
   * | the receiver                                       | result                                |
   * |----------------------------------------------------|---------------------------------------|
   * | answers, whatever the status; redirects too        | answered                              |
   * | sends more than 64 KiB of body                     | answered, by its status               |
   * | does not end its answer in time, or closes within  | failed: answer_timeout, closed_early  |
   * | sends what is no HTTP, too large a head, 101       | failed: bad_answer                    |
   */
  send(request: WebhookSend): Promise<SendResult>
  /** Ends every connection; what is on the wire comes back as `aborted`, as does every later send. */
  close(): Promise<void>
}

export interface WebhookSenderParts {
  readonly guard: AddressGuard
  readonly log: Log
  readonly limits?: WebhookLimits
  readonly resolve: Resolve
  /** The database's clock. */
  readonly now: () => Date
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string | undefined
}

const ABORTED = { kind: 'aborted', wasWritten: false } as const

/**
 * Resolves when the event loop has looked at its sockets once more. An idle connection whose end is known to the kernel,
 * but not yet to us, is found out by that; written to, it would cost the attempt. undici waits for one `setImmediate`,
 * which may come before that look.
 */
const nextPoll = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** Sends webhooks over connections that are kept for a moment. */
export function createWebhookSender({ guard, log, limits = WEBHOOK_LIMITS, resolve, now, ca }: WebhookSenderParts): WebhookSender {
  const connections = createConnections({ connect: createGuardedConnect({ guard, resolve, log, connectMs: limits.connectMs, ca }), limits })
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted

  /** `isFresh`: not over an idle connection. */
  async function sendOver(options: AttemptOptions, isFresh: boolean): Promise<ConnectionResult> {
    if (isClosed()) return ABORTED
    const { url } = options.request
    const connection = connections.take(url.origin, { isOwn: guard.isOwnCallback(url), isFresh })
    if (connection.socket) await nextPoll()
    const { result, isReusable } = await attempt(connection, options)
    if (isReusable) connections.giveBack(connection)
    else connections.drop(connection)
    // `close` cuts connections; what that looks like to an attempt is not the receiver's doing.
    return isClosed() && result.kind === 'failed' ? { kind: 'aborted', wasWritten: result.stage === 'answer' } : result
  }

  return {
    async send({ address, body, headers, signal, maySend }) {
      if (signal?.aborted) return ABORTED
      // One signal serves all sends of a caller, and Node warns of ten listeners.
      if (signal) setMaxListeners(0, signal)
      const request = webhookRequest(address, headers)
      if (request.kind === 'unbuildable') return request
      const startedAt = performance.now()
      const options = { request, body: typeof body === 'string' ? Buffer.from(body) : body, signal, maySend, startedAt, now, limits }
      const first = await sendOver(options, false)
      if (first.kind !== 'stale') return first
      const second = await sendOver(options, true)
      if (second.kind !== 'stale') return second
      return { kind: 'failed', reason: 'connect_failed', stage: 'connect', durationMs: Math.round(performance.now() - startedAt) }
    },
    async close() {
      closing.abort()
      await connections.close()
    },
  }
}
