import { AppError } from '../errors.ts'
import type { PublishContext } from '../../publish/publish-context.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { didYouMean, suggestion } from '../../runtime/suggestion.ts'
import type { Query } from '../http/query.ts'
import type { RequestContext } from '../http/route.ts'
import { TENANT } from '../openapi/openapi-parameters.ts'
import type { OperationDescription, Rejection } from '../openapi/operation-description.ts'
import type { Violation } from '../violations.ts'
import { idempotencyKeyViolations } from './event-rules.ts'

/** What everything that publishes may be rejected with. */
export const QUOTA: Rejection = {
  code: 'NTFAPI_EVENT_QUOTA',
  description: 'The tenant has used up its quota of events. Nothing was stored.',
}

/** What the operations of publishers have in common: for services, in any tenant, with a key if they like. */
export const PUBLISHING = {
  tag: 'Events',
  method: 'POST',
  who: 'service',
  rejectionCode: 'NTFLIB_EVENT_UNAUTH',
  parameters: [TENANT],
  rejections: {
    429: QUOTA,
    422: {
      code: 'NTFAPI_IDEMPOTENCY_KEY_REUSED',
      description: 'The `Idempotency-Key` was used before with different content. Nothing was stored.',
    },
  },
} as const satisfies Partial<OperationDescription> & { rejectionCode: string }

/**
 * Returns the tenant that the request is about. Throws TAPIS_SECURITY_TENANT_NOT_ALLOWED when it is another one for
 * which the tenant of the token may not act: that is decided before the content is looked at.
 */
export function tenantOf({ caller, query }: RequestContext): string {
  const asked = query.isRepeated('tenant') ? undefined : query.text('tenant')
  if (asked === undefined || asked === caller.oboTenant) return caller.oboTenant
  if (!caller.mayActFor(asked)) {
    const suggested = suggestion(asked, [caller.oboTenant, caller.jwtTenant])
    throw new AppError('TAPIS_SECURITY_TENANT_NOT_ALLOWED', {
      details: {
        tenant: sanitize(asked),
        ...(suggested === undefined ? {} : { hint: didYouMean(sanitize(suggested)) }),
      },
    })
  }
  return asked
}

/** Names what is wrong with a request beside its body. */
export const requestViolations = ({ query, headersDistinct }: RequestContext): Violation[] => [
  ...idempotencyKeyViolations(headersDistinct),
  ...tenantViolations(query),
]

/** Names what is wrong with a request of many events beside its body: each of them has a key of its own. */
export function batchRequestViolations({ query, headersDistinct }: RequestContext): Violation[] {
  const misplaced: Violation = {
    code: 'NTFAPI_IDEMPOTENCY_KEY_ERR',
    text: 'the header Idempotency-Key is for a single event; in a batch each has its member idempotencyKey',
  }
  return [...(headersDistinct['idempotency-key'] ? [misplaced] : []), ...tenantViolations(query)]
}

const tenantViolations = (query: Query): Violation[] =>
  query.isRepeated('tenant')
    ? [{ code: 'TAPIS_QUERY_PARAM_MULTIPLE', text: 'the query parameter tenant is given more than once' }]
    : []

export const publishContextOf = (
  { caller, headersDistinct, waitedMs }: RequestContext,
  tenant: string,
): PublishContext => ({
  tenant,
  user: caller.oboUser,
  service: caller.jwtUser,
  foreignSigner: caller.foreignSigner,
  idempotencyKey: headersDistinct['idempotency-key']?.[0],
  ...(waitedMs > 0 && { waitedMs }),
})
