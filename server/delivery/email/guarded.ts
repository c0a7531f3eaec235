import type { Log } from '../../log.ts'
import { createLogLimit } from '../../runtime/log-limit.ts'
import type { SendResult } from '../send-result.ts'
import type { SendRequest } from '../sender.ts'

/** Makes an attempt that never rejects. What it throws is a bug: logged, and the mail is kept for a version without it. */
export function guarded(attempt: (request: SendRequest) => Promise<SendResult>, log: Log): (request: SendRequest) => Promise<SendResult> {
  const limit = createLogLimit()
  return (request) => attempt(request).catch((error: unknown) => {
    limit(String(error), (suppressed) => log.error({ err: error, notification: request.uuid, suppressed }, 'a mail could not be made'))
    return { kind: 'failed', reason: 'internal', stage: 'connect', durationMs: 0 }
  })
}
