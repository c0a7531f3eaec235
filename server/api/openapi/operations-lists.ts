import { CONDITIONS, SQL_LIKE } from './conditions.ts'
import type { Operation } from './operation.ts'
import { ANY_OWNER, FREE_FORM, LIST, SEARCH } from './parameters.ts'

const OWNERS = 'Without `ownedBy`, those of the user that the request is made for. They come in the order of their creation unless `orderBy` says otherwise.'
/** Not among the parameters: one more would change the signatures that generators make (Tapis Notifications 1.6.2). */
const ANY_OWNER_TOO = 'The query parameter `anyOwner` works here as in `getSubscriptions`.'

export const LISTS: readonly Operation[] = [
  {
    id: 'getSubscriptions', tag: 'Subscriptions', method: 'GET', path: '/subscriptions', who: 'caller',
    summary: 'List subscriptions',
    description: `Subscriptions that meet all conditions. ${OWNERS}\n\n${CONDITIONS}`,
    parameters: [SEARCH, ...LIST, ANY_OWNER],
    success: { status: 200, model: 'RespSubscriptions', description: 'The list, which may be empty.' },
  },
  {
    id: 'searchSubscriptionsQueryParameters', tag: 'Subscriptions', method: 'GET', path: '/subscriptions/search', who: 'caller',
    summary: 'Search subscriptions, with a query parameter for each condition',
    description: `Every query parameter that is not listed here is a condition, but for \`search\`, \`pretty\`, \`listType\` and \`tenant\`, which mean nothing. ${OWNERS} ${ANY_OWNER_TOO}\n\n${CONDITIONS}`,
    parameters: [FREE_FORM, ...LIST],
    success: { status: 200, model: 'RespSubscriptions', description: 'The list, which may be empty.' },
  },
  {
    id: 'searchSubscriptionsRequestBody', tag: 'Subscriptions', method: 'POST', path: '/subscriptions/search', who: 'caller',
    summary: 'Search subscriptions, in a language like that of SQL',
    description: `A condition in a language like that of SQL; without any, as \`getSubscriptions\`. ${OWNERS} ${ANY_OWNER_TOO}\n\n${SQL_LIKE}`,
    parameters: LIST,
    body: { model: 'ReqSearchSubscriptions', description: 'The condition.', example: { search: ["typeFilter LIKE 'jobs.%'", "AND (owner = 'jdoe' OR ttlMinutes > 1024)"] } },
    success: { status: 200, model: 'RespSubscriptions', description: 'The list, which may be empty.' },
  },
]
