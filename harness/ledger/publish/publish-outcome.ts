import { hasCode } from '@tidings/server/runtime/error-code.ts'
import type { Answer } from '../../client.ts'

/**
 * What a publisher learns from one request.
 *
 * | outcome    | the record            | from                                                                    |
 * |------------|-----------------------|-------------------------------------------------------------------------|
 * | stored     | is there              | 200                                                                     |
 * | not_stored | is not there          | refused connection, any other 503                                       |
 * | unknown    | may be there, once    | connection lost, time-out, NTFAPI_PUBLISH_UNKNOWN                       |
 * | unexpected | nobody knows, a fault | anything else                                                           |
 */
export type PublishOutcome =
  | { readonly kind: 'stored'; readonly uuid: string | undefined }
  | { readonly kind: 'not_stored' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unexpected'; readonly said: string }

export function outcomeOfAnswer({ status, body }: Answer): PublishOutcome {
  if (status === 200) return { kind: 'stored', uuid: uuidIn(body?.result) }
  if (status !== 503) return { kind: 'unexpected', said: `${status} ${body?.message ?? ''}` }
  return body?.message.startsWith('NTFAPI_PUBLISH_UNKNOWN') ? { kind: 'unknown' } : { kind: 'not_stored' }
}

/** There was no answer. Only a connection that never came about proves that nothing was stored. */
export const outcomeOfFailure = (error: unknown): PublishOutcome => ({ kind: hasCode(error, 'ECONNREFUSED') ? 'not_stored' : 'unknown' })

function uuidIn(result: unknown): string | undefined {
  if (typeof result !== 'object' || result === null || !('uuid' in result)) return undefined
  return typeof result.uuid === 'string' ? result.uuid : undefined
}
