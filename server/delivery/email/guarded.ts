import type { Log } from '../../log.ts'
import type { SendResult } from '../send-result.ts'
import type { SendRequest } from '../sender.ts'

/** Makes an attempt that never rejects. What it throws is a bug: logged, and the mail is kept for a version without it. */
export const guarded = (attempt: (request: SendRequest) => Promise<SendResult>, log: Log) => (request: SendRequest): Promise<SendResult> =>
  attempt(request).catch((error: unknown) => {
    log.error({ err: error, notification: request.uuid }, 'a mail could not be made')
    return { kind: 'failed', reason: 'internal', stage: 'connect', durationMs: 0 }
  })
