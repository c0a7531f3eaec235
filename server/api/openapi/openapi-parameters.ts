import type { Parameter } from './operation-description.ts'
import type { OpenApiSchema } from './openapi-schema.ts'

const TEXT: OpenApiSchema = { type: 'string' }

export const inQuery = (name: string, schema: OpenApiSchema, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
})

export const inPath = (name: string, schema: OpenApiSchema, description: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
})

export const NAME = inPath('name', TEXT, 'The name of the subscription.')
export const SEQUENCE_NAME = inPath('name', TEXT, 'The name of the subscription of the test sequence.')
export const UUID = inPath('uuid', TEXT, 'The uuid of the subscription, 36 characters.')

export const OWNED_BY = inQuery(
  'ownedBy',
  TEXT,
  'An owner other than the user that the request is made for. For services and tenant administrators.',
)
export const ANY_OWNER = inQuery(
  'anyOwner',
  { type: 'boolean', default: false },
  'Whether to include all owners; `ownedBy` is then ignored. For services.',
)
export const SELECT_ALL = inQuery(
  'select',
  { type: 'string', default: 'allAttributes' },
  'Members to return, separated by commas; also `allAttributes` and `summaryAttributes`. The name is always there.',
)
export const TENANT = inQuery(
  'tenant',
  TEXT,
  'A tenant other than the one that the request is made for, if the tenant of the token may act for it.',
)
