import { CONDITIONS } from '../openapi/condition-syntax.ts'
import { ANY_OWNER, inQuery } from '../openapi/openapi-parameters.ts'
import type { GuardedOperation } from '../operation.ts'
import { LIST, LISTED, OWNERS } from './list-descriptions.ts'
import { listResponse, parseSearch } from './list-response.ts'

const SEARCH = inQuery(
  'search',
  { type: 'string' },
  'Conditions that must all hold: `(attribute.operator.value)~(...)`, ' +
    'for example `(name.like.jobs*)~(enabled.eq.true)`.',
)

/** Protocol 4.1, 4.2. */
export const getSubscriptions: GuardedOperation = {
  id: 'getSubscriptions',
  tag: 'Subscriptions',
  method: 'GET',
  path: '/subscriptions',
  who: 'caller',
  summary: 'List subscriptions',
  description: `Returns the subscriptions for which all conditions hold. ${OWNERS}\n\n${CONDITIONS}`,
  parameters: [SEARCH, ...LIST, ANY_OWNER],
  success: LISTED,
  handle: ({ list }, context) => listResponse(list, context, parseSearch(context.query)),
}
