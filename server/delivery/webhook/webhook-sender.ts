import type { Log } from '../../log.ts'
import type { AddressGuard } from './address-guard.ts'
import { createWebhookConnections, type WebhookPoolLimits } from './webhook-connections.ts'
import { createGuardedConnect } from './guarded-connect.ts'
import type { Resolve } from '../names/resolve.ts'
import type { SendResult } from '../send-result.ts'
import { attempt, type AttemptLimits, type AttemptOptions, type ConnectionResult } from './webhook-attempt.ts'
import { webhookRequest } from './webhook-request.ts'

export interface WebhookLimits extends WebhookPoolLimits, AttemptLimits {
  /** Name look-up, TCP and TLS together. */
  readonly connectMs: number
}

export const WEBHOOK_LIMITS: WebhookLimits = {
  connectMs: 10_000,
  totalMs: 30_000,
  idleMs: 3500,
  idleConnections: 1024,
  headBytes: 64 * 1024,
  bodyBytes: 64 * 1024,
}

export interface WebhookSend {
  /** An http or https URL. */
  readonly address: string
  readonly body: Buffer | string
  /** In addition to those that every notification has and that cannot be replaced. */
  readonly headers: Readonly<Record<string, string>>
  /** Sends may share it; Node.js warns from the eleventh listener on, unless `setMaxListeners` was called for it. */
  readonly signal?: AbortSignal | undefined
  /** Called when the connection is up, in the tick in which the request is written. False: nothing is written. */
  readonly maySend: () => boolean
}

export interface WebhookSender {
  /**
   * Makes one attempt: at most one request on the wire. Never rejects. The caller limits how many run at a time.
   *
   * | the receiver                                       | result                                |
   * |----------------------------------------------------|---------------------------------------|
   * | responds, with any status, a redirect too          | answered                              |
   * | sends more than 64 KiB of body                     | answered, by its status               |
   * | does not complete its response in time, or closes  | failed: answer_timeout, closed_early  |
   * | sends what is not HTTP, too large a head, or a 101 | failed: bad_answer                    |
   */
  send(request: WebhookSend): Promise<SendResult>
  /** Closes every connection; sends in progress resolve as `aborted`, as does every later one. */
  close(): Promise<void>
}

export interface WebhookSenderDeps {
  readonly guard: AddressGuard
  readonly log: Log
  readonly limits?: WebhookLimits
  readonly resolve: Resolve
  /** The database's clock. */
  readonly now: () => Date
  /** Certificates (PEM) to trust instead of the default ones. */
  readonly ca?: string | undefined
}

const ABORTED = { kind: 'aborted', wasWritten: false } as const

/**
 * Resolves when the event loop has polled its sockets once more. undici waits for one `setImmediate`, which may come
 * before that poll.
 */
const nextPoll = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** Creates a sender of webhooks; its connections are kept for a moment when idle. */
export function createWebhookSender({
  guard,
  log,
  limits = WEBHOOK_LIMITS,
  resolve,
  now,
  ca,
}: WebhookSenderDeps): WebhookSender {
  const connections = createWebhookConnections({
    connect: createGuardedConnect({ guard, resolve, log, connectMs: limits.connectMs, ca }),
    limits,
  })
  const closing = new AbortController()
  const isClosed = () => closing.signal.aborted

  /** `isFresh`: does not use an idle connection. */
  async function sendOver(options: AttemptOptions, isFresh: boolean): Promise<ConnectionResult> {
    if (isClosed()) return ABORTED
    const { url } = options.request
    const connection = connections.acquire(url.origin, { isOwn: guard.isOwnCallback(url), isFresh })
    if (connection.socket && !connection.isPolled) await nextPoll()
    const { result, isReusable } = await attempt(connection, options)
    if (isReusable) connections.release(connection)
    else connections.drop(connection)
    // `close` cuts connections, which to an attempt looks like a failure of the receiver.
    return isClosed() && result.kind === 'failed' ? { kind: 'aborted', wasWritten: result.stage === 'answer' } : result
  }

  return {
    async send({ address, body, headers, signal, maySend }) {
      if (signal?.aborted) return ABORTED
      const request = webhookRequest(address, headers)
      if (request.kind === 'unbuildable') return request
      const startedAt = performance.now()
      const options = {
        request,
        body: typeof body === 'string' ? Buffer.from(body) : body,
        signal,
        maySend,
        startedAt,
        now,
        limits,
      }
      const first = await sendOver(options, false)
      if (first.kind !== 'stale') return first
      const second = await sendOver(options, true)
      if (second.kind !== 'stale') return second
      return {
        kind: 'failed',
        reason: 'connect_failed',
        stage: 'connect',
        durationMs: Math.round(performance.now() - startedAt),
      }
    },
    async close() {
      closing.abort()
      await connections.close()
    },
  }
}
