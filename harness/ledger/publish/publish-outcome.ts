import { isObject } from '@tidings/contract/is-object.ts'
import { hasCode } from '@tidings/server/runtime/error-code.ts'
import type { ClientResponse } from '../../client.ts'

/**
 * What a publisher learns from one request.
 *
 * | outcome    | the record            | from                                                                    |
 * |------------|-----------------------|-------------------------------------------------------------------------|
 * | stored     | exists                | 200                                                                     |
 * | not_stored | does not exist        | refused connection, any other 503                                       |
 * | unknown    | may exist, once       | connection lost, timeout, NTFAPI_PUBLISH_UNKNOWN                        |
 * | unexpected | may exist; a failure  | anything else                                                           |
 */
export type PublishOutcome =
  | { readonly kind: 'stored'; readonly uuid: string | undefined }
  | { readonly kind: 'not_stored' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unexpected'; readonly said: string }

export function outcomeOfResponse({ status, body }: ClientResponse): PublishOutcome {
  if (status === 200) return { kind: 'stored', uuid: uuidIn(body?.result) }
  if (status !== 503) return { kind: 'unexpected', said: `${status} ${body?.message ?? ''}` }
  return body?.message.startsWith('NTFAPI_PUBLISH_UNKNOWN') ? { kind: 'unknown' } : { kind: 'not_stored' }
}

/** Judges a request without a response. Only a refused connection proves that nothing was stored. */
export const outcomeOfFailure = (error: unknown): PublishOutcome => ({
  kind: hasCode(error, 'ECONNREFUSED') ? 'not_stored' : 'unknown',
})

function uuidIn(result: unknown): string | undefined {
  return isObject(result) && typeof result.uuid === 'string' ? result.uuid : undefined
}
