import { MAX_SMALL_BODY_BYTES, readBody } from '../http/body/json-body.ts'
import { SQL_LIKE } from '../openapi/condition-syntax.ts'
import type { GuardedOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { parseSqlLike } from '../search/sql-like/sql-like-condition.ts'
import { schemaViolation } from '../violations.ts'
import { ANY_OWNER_TOO, LIST, LISTED, OWNERS } from './list-descriptions.ts'
import { listResponse, NO_CONDITION, parseSearch } from './list-response.ts'

const BODY = requestBody('ReqSearchSubscriptions', {
  description: 'The condition.',
  example: { search: ["typeFilter LIKE 'jobs.%'", "AND (owner = 'jdoe' OR ttlMinutes > 1024)"] },
})

/** Protocol 4.4. Without any condition in the body, the same as `getSubscriptions`. */
export const searchSubscriptionsRequestBody: GuardedOperation = {
  id: 'searchSubscriptionsRequestBody',
  tag: 'Subscriptions',
  method: 'POST',
  path: '/subscriptions/search',
  who: 'caller',
  maxBodyBytes: MAX_SMALL_BODY_BYTES,
  summary: 'Search subscriptions with an SQL-like condition',
  description:
    'The body has an SQL-like condition. Without one, the same as `getSubscriptions`. ' +
    `${OWNERS} ${ANY_OWNER_TOO}\n\n${SQL_LIKE}`,
  parameters: LIST,
  body: BODY,
  success: LISTED,
  handle({ list }, context) {
    const { checked } = readBody(context.body, BODY.validate)
    if (checked.kind === 'invalid')
      return listResponse(list, context, NO_CONDITION, checked.violations.map(schemaViolation))
    const { search } = checked.value
    const isEmpty = search.every((text) => text.trim() === '')
    return listResponse(list, context, isEmpty ? parseSearch(context.query) : parseSqlLike(search))
  },
}
