import { DEFAULT_TTL_MINUTES, NewSubscription, OWNER_IS_CALLER } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import type { Caller } from '../auth/caller.ts'
import { createBodyCheck } from '../body-check.ts'
import { readBody } from '../json-body.ts'
import { message } from '../message.ts'
import { valueOrRefuse } from '../refusal.ts'
import { BASE_PATH, type Answer, type Call } from '../route.ts'
import { shown } from '../shown-text.ts'
import { distinctTargets } from './distinct-targets.ts'
import { createSubscription, type CheckedSubscription } from './insert.ts'
import { generateName } from './name.ts'
import { subscriptionFaults, tooManyTargets } from './rules.ts'
import { subscriptionWarnings, type Reach } from './warnings.ts'

export interface CreationParts {
  readonly db: Database
  /** Base of the addresses that are handed out; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  readonly reach: Reach
  /** That one may have. */
  readonly maxTargets: number
}

/** Creates a subscription for a service (contract 3.2). */
export function createCreation({ db, publicUrl, reach, maxTargets }: CreationParts): (call: Call) => Promise<Answer> {
  const check = createBodyCheck(NewSubscription)

  return async ({ caller, body, origin }) => {
    const { checked, members } = readBody(body, check)
    const input = valueOrRefuse(checked, [...subscriptionFaults(members), ...tooManyTargets(members, maxTargets)], 'NTFAPI_CREATE_INVALID_ERRORLIST')
    const subscription = complete(input, caller)
    const name = await createSubscription(db, subscription, input.name ?? (() => generateName({ ...subscription, jwtUser: caller.jwtUser })))
    if (name === undefined) {
      throw new AppError('NTFAPI_SUBSCR_EXISTS', { details: { Owner: shown(subscription.owner), Subscription: input.name ?? 'every generated one' } })
    }
    return {
      httpStatus: 201,
      message: message('NTFAPI_SUBSCR_CREATED', 'Subscription created', caller, { Owner: subscription.owner, Subscription: name }),
      result: { url: `${publicUrl ?? origin}${BASE_PATH}/subscriptions/${name}` }, // the original's form, though no route answers there
      warnings: subscriptionWarnings({ ...subscription, hasDefaultTtl: input.ttlMinutes === undefined }, reach),
    }
  }
}

/** Fills in what was left out. */
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
