import { ANY_OWNER, inPath, inQuery, OWNED_BY } from '../openapi/openapi-parameters.ts'

const TEXT = { type: 'string' }

/** A uuid in a path; anything else there is another path. */
export const UUID_FORM = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'

export const EVENT_UUID = inPath('uuid', { ...TEXT, pattern: UUID_FORM }, 'The uuid of the event, 36 characters.')
export const OF_TENANT = inQuery(
  'tenant',
  TEXT,
  'A tenant other than the one that the request is made for. For operators (`TIDINGS_OPERATORS`).',
)
export const OWNER = OWNED_BY
export const ALL_OWNERS = {
  ...ANY_OWNER,
  description: 'Whether to include all owners. For services and tenant administrators.',
}

/** For descriptions: who may call. */
export const VISIBLE =
  'Users see what belongs to their own subscriptions, tenant administrators and services what belongs to the tenant. ' +
  'Addresses of others are shown as their origin and a hash.'
