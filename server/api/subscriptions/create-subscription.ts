import { DEFAULT_TTL_MINUTES, OWNER_IS_CALLER, type NewSubscription } from '@tidings/contract/subscription.ts'
import { AppError } from '../errors.ts'
import type { Caller } from '../auth/caller.ts'
import { readBody } from '../http/body/json-body.ts'
import { successMessage } from '../http/response/response-message.ts'
import { valueOrReject } from '../violations.ts'
import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { distinctTargets } from '../../subscriptions/distinct-targets.ts'
import { createSubscription, type CheckedSubscription } from '../../subscriptions/insert-subscription.ts'
import { generateName } from '../../subscriptions/subscription-name.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { ruleViolations } from './rule-violations.ts'
import { EXAMPLE_TARGETS } from './subscription-responses.ts'
import { subscriptionWarnings } from './subscription-warnings.ts'

const BODY = requestBody('ReqPostSubscription', {
  description: 'The subscription.',
  example: {
    name: 'job-42',
    typeFilter: 'jobs.*.*',
    subjectFilter: 'job-42',
    deliveryTargets: EXAMPLE_TARGETS,
    ttlMinutes: 1440,
  },
})

const INVALID = 'NTFAPI_CREATE_INVALID_ERRORLIST'

/** Protocol 3.2. */
export const postSubscription: GuardedOperation = {
  id: 'postSubscription',
  tag: 'Subscriptions',
  method: 'POST',
  path: '/subscriptions',
  who: 'service',
  rejectionCode: 'NTFAPI_SUBSCR_UNAUTH',
  summary: 'Create a subscription',
  description:
    'It takes effect before the response is sent. A rejection names every violation. At most 100 targets, unless the ' +
    'service is configured otherwise. For services, which may create subscriptions for any user.',
  body: BODY,
  success: { status: 201, model: 'RespResourceUrl', description: 'The subscription is created.', mayWarn: true },
  rejections: { 409: { code: 'NTFAPI_SUBSCR_EXISTS', description: 'The owner has a subscription with this name.' } },
  async handle({ db, publicUrl, reach, maxTargets }, { caller, body, origin }) {
    const { checked, members } = readBody(body, BODY.validate)
    const input = valueOrReject(checked, ruleViolations(members, { maxTargets, code: INVALID }), INVALID)
    const subscription = complete(input, caller)
    const name = await createSubscription(
      db,
      subscription,
      input.name ?? (() => generateName({ ...subscription, jwtUser: caller.jwtUser })),
    )
    if (name === undefined) {
      throw new AppError('NTFAPI_SUBSCR_EXISTS', {
        details: { Owner: sanitize(subscription.owner), Subscription: input.name ?? 'all generated names' },
      })
    }
    return {
      httpStatus: 201,
      message: successMessage('NTFAPI_SUBSCR_CREATED', 'Subscription created', caller, {
        Owner: subscription.owner,
        Subscription: name,
      }),
      // The original's form, though no route has this address.
      result: { url: `${publicUrl ?? origin}${BASE_PATH}/subscriptions/${name}` },
      warnings: subscriptionWarnings({ ...subscription, hasDefaultTtl: input.ttlMinutes === undefined }, reach),
    }
  },
}

/** Fills in the defaults. */
function complete(input: NewSubscription, caller: Caller): CheckedSubscription {
  const owner = input.owner ?? ''
  const isCaller = owner.trim() === '' || owner.toLowerCase() === OWNER_IS_CALLER.toLowerCase()
  return {
    tenant: caller.oboTenant,
    owner: isCaller ? caller.oboUser : owner,
    description: input.description ?? null,
    isEnabled: input.enabled ?? true,
    typeFilter: input.typeFilter,
    subjectFilter: input.subjectFilter,
    ttlMinutes: input.ttlMinutes ?? DEFAULT_TTL_MINUTES,
    targets: distinctTargets(input.deliveryTargets),
  }
}
