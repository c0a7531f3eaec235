import { setEnabled } from '../../subscriptions/enable-and-end.ts'
import type { ApiResponse, RequestContext } from '../http/route.ts'
import { NAME, OWNED_BY } from '../openapi/openapi-parameters.ts'
import type { ApiParts, GuardedOperation } from '../operation.ts'
import { readByName } from './get-by-name.ts'
import { ABSENT, foundMessage, notFound, OWN, updatedResponse } from './subscription-responses.ts'

/** What the three operations have in common (protocol 3.7). */
const COMMON = {
  tag: 'Subscriptions',
  who: 'caller',
  parameters: [NAME, OWNED_BY],
  rejections: { 404: ABSENT },
} as const satisfies Partial<GuardedOperation>

export const isEnabled: GuardedOperation = {
  ...COMMON,
  id: 'isEnabled',
  method: 'GET',
  path: '/subscriptions/:name/isEnabled',
  summary: 'Check whether a subscription is enabled',
  description: OWN,
  success: { status: 200, model: 'RespBoolean', description: 'Whether the subscription is enabled.' },
  async handle(parts, context) {
    const { name, enabled } = await readByName(parts, context)
    return { message: foundMessage(name), result: { aBool: enabled } }
  },
}

export const enableSubscription: GuardedOperation = {
  ...COMMON,
  id: 'enableSubscription',
  method: 'POST',
  path: '/subscriptions/:name/enable',
  summary: 'Enable a subscription',
  description: `From now on, events match it again. ${OWN}`,
  success: { status: 200, model: 'RespChangeCount', description: 'It is enabled; it may have been before.' },
  handle: (parts, context) => changeEnabled(parts, context, true),
}

export const disableSubscription: GuardedOperation = {
  ...COMMON,
  id: 'disableSubscription',
  method: 'POST',
  path: '/subscriptions/:name/disable',
  summary: 'Disable a subscription',
  description: `From now on, no event matches it; what has already matched is still delivered. ${OWN}`,
  success: { status: 200, model: 'RespChangeCount', description: 'It is disabled; it may have been before.' },
  handle: (parts, context) => changeEnabled(parts, context, false),
}

async function changeEnabled(
  { db, access }: Pick<ApiParts, 'db' | 'access'>,
  context: RequestContext,
  shouldBeEnabled: boolean,
): Promise<ApiResponse> {
  const key = await access.keyFor(context)
  if (!(await setEnabled(db, key, shouldBeEnabled))) throw notFound(key)
  return updatedResponse(`Subscription ${shouldBeEnabled ? 'enabled' : 'disabled'}`, context, key)
}
