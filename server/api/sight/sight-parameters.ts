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

export const LIMIT = inQuery(
  'limit',
  { type: 'integer', default: 100, minimum: 1, maximum: 100 },
  'Largest number to return.',
)
export const CURSOR = inQuery(
  'cursor',
  TEXT,
  'The `cursor` of the page before; it goes with the same caller and the same other parameters, `limit` and `data` ' +
    'apart. A page may be short, or empty, and still have a cursor: there is a bound on what is read for one page.',
)
export const FROM = inQuery('from', TEXT, 'Of events received since then, an instant like `2026-11-23T10:00:00Z`.')
export const TO = inQuery('to', TEXT, 'Of events received before then, an instant.')
export const of = (name: string, description: string) => inQuery(name, TEXT, description)
