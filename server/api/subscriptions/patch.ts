import { SubscriptionPatch } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { createBodyCheck } from '../body-check.ts'
import { readBody } from '../json-body.ts'
import { message } from '../message.ts'
import { valueOrRefuse } from '../refusal.ts'
import { BASE_PATH, type Answer, type Call } from '../route.ts'
import type { SubscriptionAccess } from './access.ts'
import { distinctTargets } from './distinct-targets.ts'
import { absent } from './operations.ts'
import { patchSubscription, type CheckedPatch } from './update.ts'
import { subscriptionFaults } from './rules.ts'
import { subscriptionWarnings, type Reach } from './warnings.ts'

export interface PatchingParts {
  readonly db: Database
  readonly access: SubscriptionAccess
  /** Base of the addresses that are handed out; undefined: the one under which the caller reached us. */
  readonly publicUrl: string | undefined
  readonly reach: Reach
}

const INVALID = 'NTFAPI_SUBSCR_UPDATE_ERROR'

/** Changes a subscription (contract 3.5). An empty object only moves `updated`. */
export function createPatching({ db, access, publicUrl, reach }: PatchingParts): (call: Call) => Promise<Answer> {
  const check = createBodyCheck(SubscriptionPatch)

  return async (call) => {
    const { caller, body, origin } = call
    const key = await access.keyFor(call)
    const { checked, members } = readBody(body, check)
    const patch = toPatch(valueOrRefuse(checked, subscriptionFaults(members, INVALID), INVALID))
    if (!(await patchSubscription(db, key, patch))) throw absent(key)
    return {
      message: message('NTFAPI_SUBSCR_UPDATED', 'Subscription updated', caller, { Owner: key.owner, Subscription: key.name }),
      result: { url: `${publicUrl ?? origin}${BASE_PATH}/subscriptions/byName/${encodeURIComponent(key.name)}` },
      warnings: subscriptionWarnings({ ...patch, hasDefaultTtl: false }, reach),
    }
  }
}

const toPatch = ({ description, typeFilter, subjectFilter, deliveryTargets }: SubscriptionPatch): CheckedPatch =>
  ({ description, typeFilter, subjectFilter, targets: deliveryTargets && distinctTargets(deliveryTargets) })
