import { OWNED_BY, SELECT_ALL, inQuery } from '../openapi/openapi-parameters.ts'
import type { Parameter, Success } from '../openapi/operation-description.ts'
import { DEFAULT_LIMIT } from './list-parameters.ts'

/**
 * The parameters of all three list operations. `anyOwner` is not among them: the original has it in one of them only,
 * and one parameter more would change the signatures that generators make (Tapis Notifications 1.6.2); the other two
 * accept it all the same. `skip` names no default: pages that fill in defaults would send it together with
 * `startAfter`.
 */
export const LIST: readonly Parameter[] = [
  inQuery(
    'limit',
    { type: 'integer', default: DEFAULT_LIMIT },
    'Largest number of subscriptions to return. Negative: all of them, and nothing is skipped.',
  ),
  inQuery(
    'orderBy',
    { type: 'string' },
    'Attributes to sort by, separated by commas, each with an optional `(asc)` or `(desc)`: `owner,created(desc)`.',
  ),
  inQuery('skip', { type: 'integer' }, 'How many subscriptions to skip. Not together with `startAfter`.'),
  inQuery(
    'startAfter',
    { type: 'string' },
    'Starts after this value of the first attribute of `orderBy`, which is then required.',
  ),
  inQuery(
    'computeTotal',
    { type: 'boolean', default: false },
    'Whether to count the subscriptions that match, without the limit.',
  ),
  { ...SELECT_ALL, schema: { type: 'string', default: 'summaryAttributes' } },
  OWNED_BY,
]

/** The name is a placeholder: the parameters are the members of the object (style form, exploded). */
export const FREE_FORM: Parameter = {
  ...inQuery(
    'freeFormParameterName',
    { type: 'object', additionalProperties: { type: 'string' } },
    'Conditions as separate parameters, `attribute.operator=value`, for example `name.like=job*`. All must hold.',
  ),
  style: 'form',
  explode: true,
  example: { 'name.like': 'job*' },
}

export const OWNERS =
  'Without `ownedBy`, only those of the user that the request is made for. ' +
  'They are in the order of their creation unless `orderBy` says otherwise.'

export const ANY_OWNER_TOO = 'The query parameter `anyOwner` works here as in `getSubscriptions`.'

export const LISTED: Success = { status: 200, model: 'RespSubscriptions', description: 'The list, which may be empty.' }
