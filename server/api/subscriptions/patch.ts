import { SubscriptionPatch } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { AppError } from '../../errors.ts'
import { createBodyCheck } from '../body-check.ts'
import { readBody } from '../json-body.ts'
import { message } from '../message.ts'
import { valueOrRefuse } from '../refusal.ts'
import { BASE_PATH, type Answer, type Call } from '../route.ts'
import type { SubscriptionAccess } from './access.ts'
import { distinctTargets } from './distinct-targets.ts'
import { absent } from './operations.ts'
import { patchSubscription, type CheckedPatch } from './update.ts'
import { subscriptionFaults, tooManyTargets } from './rules.ts'
import { subscriptionWarnings, type Reach } from './warnings.ts'

export interface PatchingParts {
  readonly db: Database
  readonly access: SubscriptionAccess
  /** Base of the addresses that are handed out; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  readonly reach: Reach
  /** That it may be changed to. */
  readonly maxTargets: number
  /** Not only services change filters and targets. */
  readonly usersChangeFilters: boolean
}

const INVALID = 'NTFAPI_SUBSCR_UPDATE_ERROR'

/** What decides who gets which events: a service has judged it when it created the subscription. */
const OF_SERVICES = ['typeFilter', 'subjectFilter', 'deliveryTargets'] as const

/** Changes a subscription (contract 3.5). An empty object only moves `updated`. */
export function createPatching({ db, access, publicUrl, reach, maxTargets, usersChangeFilters }: PatchingParts): (call: Call) => Promise<Answer> {
  const check = createBodyCheck(SubscriptionPatch)

  return async (call) => {
    const { caller, body, origin } = call
    const key = await access.keyFor(call)
    const { checked, members } = readBody(body, check)
    if (!caller.isService && !usersChangeFilters) refuseMembersOfServices(members)
    const patch = toPatch(valueOrRefuse(checked, [...subscriptionFaults(members, INVALID), ...tooManyTargets(members, maxTargets, INVALID)], INVALID))
    if (!(await patchSubscription(db, key, patch))) throw absent(key)
    return {
      message: message('NTFAPI_SUBSCR_UPDATED', 'Subscription updated', caller, { Owner: key.owner, Subscription: key.name }),
      result: { url: `${publicUrl ?? origin}${BASE_PATH}/subscriptions/byName/${encodeURIComponent(key.name)}` },
      warnings: subscriptionWarnings({ ...patch, hasDefaultTtl: false }, reach),
    }
  }
}

/** Whatever their values, the same as now or wrong ones: the request alone decides (docs/decisions/0005, 0015). */
function refuseMembersOfServices(members: Readonly<Record<string, unknown>>): void {
  const given = OF_SERVICES.filter((name) => Object.hasOwn(members, name))
  if (given.length > 0) throw new AppError('NTFLIB_SUBSCR_UNAUTH', { details: { 'Only services may change': given.join(', ') } })
}

const toPatch = ({ description, typeFilter, subjectFilter, deliveryTargets }: SubscriptionPatch): CheckedPatch =>
  ({ description, typeFilter, subjectFilter, targets: deliveryTargets && distinctTargets(deliveryTargets) })
