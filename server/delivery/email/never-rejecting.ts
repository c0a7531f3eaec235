import type { Log } from '../../log.ts'
import { createLogRateLimit } from '../../runtime/log-rate-limit.ts'
import type { SendResult } from '../send-result.ts'
import type { SendRequest } from '../sender.ts'

/**
 * Wraps an attempt so that it never rejects. A rejection is a bug: it is logged, and the attempt fails as `internal`,
 * so that the mail is retried and may be sent by a version without the bug.
 */
export function neverRejecting(
  attempt: (request: SendRequest) => Promise<SendResult>,
  log: Log,
): (request: SendRequest) => Promise<SendResult> {
  const limit = createLogRateLimit()
  return (request) =>
    attempt(request).catch((error: unknown) => {
      limit(String(error), (suppressed) =>
        log.error({ err: error, notification: request.uuid, suppressed }, 'a mail could not be composed'),
      )
      return { kind: 'failed', reason: 'internal', stage: 'connect', durationMs: 0 }
    })
}
