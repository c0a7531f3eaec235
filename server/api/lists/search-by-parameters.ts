import { CONDITIONS } from '../openapi/condition-syntax.ts'
import type { GuardedOperation } from '../operation.ts'
import { parseFreeForm } from '../search/free-form.ts'
import { ANY_OWNER_TOO, FREE_FORM, LIST, LISTED, OWNERS } from './list-descriptions.ts'
import { listResponse } from './list-response.ts'

/** Protocol 4.3. `search` is ignored, as in the original. */
export const searchSubscriptionsQueryParameters: GuardedOperation = {
  id: 'searchSubscriptionsQueryParameters',
  tag: 'Subscriptions',
  method: 'GET',
  path: '/subscriptions/search',
  who: 'caller',
  summary: 'Search subscriptions with one query parameter for each condition',
  description:
    'Every query parameter that is not listed here is a condition, except `search`, `pretty`, `listType` and ' +
    `\`tenant\`, which are ignored. ${OWNERS} ${ANY_OWNER_TOO}\n\n${CONDITIONS}`,
  parameters: [FREE_FORM, ...LIST],
  success: LISTED,
  handle: ({ list }, context) => listResponse(list, context, parseFreeForm(context.query.entries())),
}
