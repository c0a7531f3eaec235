import type { SubscriptionPatch } from '@tidings/contract/subscription.ts'
import { AppError } from '../errors.ts'
import { readBody } from '../http/body/json-body.ts'
import { successMessage } from '../http/response/response-message.ts'
import { valueOrReject } from '../violations.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { distinctTargets } from '../../subscriptions/distinct-targets.ts'
import { patchSubscription, type CheckedPatch } from '../../subscriptions/update-subscription.ts'
import { NAME, OWNED_BY } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { ruleViolations } from './rule-violations.ts'
import { ABSENT, EXAMPLE_TARGETS, notFound, OWN } from './subscription-responses.ts'
import { subscriptionWarnings } from './subscription-warnings.ts'

const INVALID = 'NTFAPI_SUBSCR_UPDATE_ERROR'

/** They decide who gets which events: a service has judged them when it created the subscription. */
const SERVICE_ONLY_MEMBERS = ['typeFilter', 'subjectFilter', 'deliveryTargets'] as const

const BODY = requestBody('ReqPatchSubscription', {
  description: 'The changes.',
  example: { description: 'For the portal', deliveryTargets: EXAMPLE_TARGETS },
})

/** Protocol 3.5. An empty object only moves `updated`. */
export const patchSubscriptionByName: GuardedOperation = {
  id: 'patchSubscriptionByName',
  tag: 'Subscriptions',
  method: 'PATCH',
  path: '/subscriptions/byName/:name',
  who: 'caller',
  summary: 'Change a subscription',
  description:
    'Changes the members that are given. Name and owner never change; `enabled` and `ttlMinutes` have operations of ' +
    'their own. Only services may change `typeFilter`, `subjectFilter` and `deliveryTargets`; a user who gives one ' +
    `of them is rejected, unless the service is configured otherwise. ${OWN}`,
  parameters: [NAME, OWNED_BY],
  body: BODY,
  success: { status: 200, model: 'RespResourceUrl', description: 'The subscription is changed.', mayWarn: true },
  rejections: { 404: ABSENT },
  async handle({ db, access, publicUrl, reach, maxTargets, usersChangeFilters }, context) {
    const { caller, body, origin } = context
    const key = await access.keyFor(context)
    const { checked, members } = readBody(body, BODY.validate)
    if (!caller.isService && !usersChangeFilters) rejectServiceOnlyMembers(members)
    const patch = toPatch(valueOrReject(checked, ruleViolations(members, { maxTargets, code: INVALID }), INVALID))
    if (!(await patchSubscription(db, key, patch))) throw notFound(key)
    return {
      message: successMessage('NTFAPI_SUBSCR_UPDATED', 'Subscription updated', caller, {
        Owner: key.owner,
        Subscription: key.name,
      }),
      result: { url: `${publicUrl ?? origin}${BASE_PATH}/subscriptions/byName/${encodeURIComponent(key.name)}` },
      warnings: subscriptionWarnings({ ...patch, hasDefaultTtl: false }, reach),
    }
  },
}

/**
 * Throws NTFLIB_SUBSCR_UNAUTH when one is given, even with the present value or a wrong one: the request alone decides
 * (docs/decisions/0005, 0015).
 */
function rejectServiceOnlyMembers(members: Readonly<Record<string, unknown>>): void {
  const given = SERVICE_ONLY_MEMBERS.filter((name) => Object.hasOwn(members, name))
  if (given.length > 0)
    throw new AppError('NTFLIB_SUBSCR_UNAUTH', { details: { 'Only services may change': given.join(', ') } })
}

const toPatch = ({ description, typeFilter, subjectFilter, deliveryTargets }: SubscriptionPatch): CheckedPatch => ({
  description,
  typeFilter,
  subjectFilter,
  targets: deliveryTargets && distinctTargets(deliveryTargets),
})
