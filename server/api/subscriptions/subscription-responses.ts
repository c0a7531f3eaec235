import type { Subscription } from '@tidings/contract/subscription.ts'
import { isUuid } from '@tidings/contract/uuid.ts'
import { AppError } from '../errors.ts'
import { sanitize } from '../../runtime/display-text.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { successMessage } from '../http/response/response-message.ts'
import type { ApiResponse, RequestContext } from '../http/route.ts'
import type { Rejection } from '../openapi/operation-description.ts'
import { selectMembers } from './member-selection.ts'

/** For descriptions: who may call. */
export const OWN =
  'Users may do this with their own subscriptions, tenant administrators and services with all in the tenant.'

export const ABSENT: Rejection = {
  code: 'NTFAPI_NOT_FOUND',
  description: 'There is no such subscription, or the caller may not know of it.',
}

/** An example of `deliveryTargets`. */
export const EXAMPLE_TARGETS = [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks/jobs' }]

/** Returns the rejection where no subscription of the owner has this name. */
export const notFound = ({ owner, name }: NameKey) =>
  new AppError('NTFAPI_NOT_FOUND', { details: { Owner: sanitize(owner), Subscription: sanitize(name) } })

/** Returns the uuid in the path in lower case, as it is stored. Throws NTFAPI_GET_BY_UUID_ERROR for any other text. */
export function uuidOf(context: RequestContext): string {
  const uuid = pathParameter(context, 'uuid')
  if (!isUuid(uuid)) throw new AppError('NTFAPI_GET_BY_UUID_ERROR', { details: { Uuid: sanitize(uuid) } })
  return uuid.toLowerCase()
}

/** Responds with the members that the query parameter `select` asks for. */
export const foundResponse = (
  { query }: RequestContext,
  nameOrUuid: string,
  subscription: Subscription,
): ApiResponse => ({
  message: foundMessage(nameOrUuid),
  result: selectMembers(subscription, query.text('select') ?? 'allAttributes'),
})

export const foundMessage = (nameOrUuid: string) => `TAPIS_FOUND Subscription found: ${nameOrUuid}`

/** Responds to the change of one subscription. */
export const updatedResponse = (sentence: string, context: RequestContext, { owner, name }: NameKey): ApiResponse =>
  changedResponse('NTFAPI_SUBSCR_UPDATED', sentence, context, { Owner: owner, Subscription: name }, 1)

export const changedResponse = (
  code: string,
  sentence: string,
  { caller }: RequestContext,
  details: Readonly<Record<string, string>>,
  changes: number,
): ApiResponse => ({
  message: successMessage(code, sentence, caller, { ...details, Changes: changes }),
  result: { changes },
})
