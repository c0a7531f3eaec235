import type { Parameter } from './operation.ts'
import type { OpenApiSchema } from './schema.ts'

const TEXT: OpenApiSchema = { type: 'string' }

const inQuery = (name: string, schema: OpenApiSchema, description: string): Parameter => ({ name, in: 'query', description, schema })

const inPath = (name: string, schema: OpenApiSchema, description: string): Parameter => ({ name, in: 'path', required: true, description, schema })

export const NAME = inPath('name', TEXT, 'The name of the subscription.')
export const SEQUENCE_NAME = inPath('name', TEXT, 'The name of the subscription of the test sequence.')
export const UUID = inPath('uuid', TEXT, 'The uuid of the subscription, in the form of 36 characters.')
export const SUBJECT = inPath('subject', TEXT, 'The `subjectFilter` of the subscriptions, compared as a text: `*` means those with this filter.')
export const TTL_MINUTES = inPath('ttlMinutes', { type: 'integer' }, 'Minutes from now to the end of the subscription; 0 or less: it never ends.')

export const OWNED_BY = inQuery('ownedBy', TEXT, 'Another owner than the user that the request is made for. For services and tenant administrators.')
export const ANY_OWNER = inQuery('anyOwner', { type: 'boolean', default: false }, 'Whether all owners are meant; `ownedBy` does not count then. For services.')
export const SELECT_ALL = inQuery('select', { type: 'string', default: 'allAttributes' }, 'Members to be shown, separated by commas; also `allAttributes` and `summaryAttributes`. The name is always shown.')
export const TENANT = inQuery('tenant', TEXT, 'Another tenant than the one that the request is made for, if the tenant of the token may act for it.')

const SELECT_SUMMARY: Parameter = { ...SELECT_ALL, schema: { type: 'string', default: 'summaryAttributes' } }

export const SEARCH = inQuery('search', TEXT, 'Conditions that must all be met: `(attribute.operator.value)~(...)`, for example `(name.like.jobs*)~(enabled.eq.true)`.')

/** What all lists take. `skip` tells no default: pages that fill defaults in would send it together with `startAfter`. */
export const LIST: readonly Parameter[] = [
  inQuery('limit', { type: 'integer', default: 100 }, 'How many at most. Negative: all of them, and nothing is skipped.'),
  inQuery('orderBy', TEXT, 'Attributes to sort by, separated by commas, each with `(asc)` or `(desc)` if one likes: `owner,created(desc)`.'),
  inQuery('skip', { type: 'integer' }, 'How many to leave out at the beginning. Not together with `startAfter`.'),
  inQuery('startAfter', TEXT, 'Begins behind this value of the first attribute of `orderBy`, which must be given.'),
  inQuery('computeTotal', { type: 'boolean', default: false }, 'Whether to count how many there would be without a limit.'),
  SELECT_SUMMARY,
  OWNED_BY,
  ANY_OWNER,
]

/** The name is a placeholder: the parameters are the members of the object (style form, exploded). */
export const FREE_FORM: Parameter = {
  ...inQuery('freeFormParameterName', { type: 'object', additionalProperties: { type: 'string' } }, 'Conditions as parameters of their own, `attribute.operator=value`, for example `name.like=job*`. All must be met.'),
  style: 'form',
  explode: true,
  example: { 'name.like': 'job*' },
}

export const SUBSCRIPTION_TTL = inQuery('subscriptionTTL', { type: 'integer', default: 60 }, 'Minutes to the end of the subscription; 0 or less: it never ends.')
export const NUMBER_OF_EVENTS = inQuery('numberOfEvents', { type: 'integer', default: 1, minimum: 1, maximum: 1000 }, 'How many events to publish, one every three seconds.')
export const END_SERIES = inQuery('endSeries', { type: 'boolean', default: true }, 'Whether the last event ends its series.')

export const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Makes it harmless to send the request again: the same service with the same key in the same tenant stores one event, and gets its uuid each time. With another content under the key it is refused.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}
