import { expect, test } from 'vitest'
import { openApiDocument } from './openapi/document.ts'
import { OPERATIONS } from './operations.ts'
import type { OpenApiSchema } from './openapi/openapi-schema.ts'

/** The parameters of Tapis Notifications 1.6.2, in its order of names: clients generated from it call by position. */
const LIST = ['limit', 'orderBy', 'skip', 'startAfter', 'computeTotal', 'select', 'ownedBy']
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  healthCheck: [],
  readyCheck: [],
  postSubscription: [],
  getSubscriptions: ['search', ...LIST, 'anyOwner'],
  searchSubscriptionsQueryParameters: ['freeFormParameterName', ...LIST],
  searchSubscriptionsRequestBody: LIST,
  getSubscriptionByName: ['name', 'select', 'ownedBy'],
  patchSubscriptionByName: ['name', 'ownedBy'],
  deleteSubscriptionByName: ['name', 'ownedBy'],
  getSubscriptionByUuid: ['uuid', 'select'],
  deleteSubscriptionByUuid: ['uuid'],
  deleteSubscriptionsBySubject: ['subject', 'ownedBy', 'anyOwner'],
  isEnabled: ['name', 'ownedBy'],
  enableSubscription: ['name', 'ownedBy'],
  disableSubscription: ['name', 'ownedBy'],
  updateTTL: ['name', 'ttlMinutes', 'ownedBy'],
  publishEvent: ['tenant'],
  postEvent: ['tenant'],
  endEventSeries: ['tenant'],
  publishEventBatch: ['tenant'],
  beginTestSequence: ['subscriptionTTL', 'numberOfEvents', 'endSeries'],
  getTestSequence: ['name'],
  deleteTestSequence: ['name'],
  recordTestNotification: ['name'],
}

test('what this service adds does not change the signatures of generated methods', () => {
  expect(
    Object.fromEntries(OPERATIONS.map(({ id, parameters = [] }) => [id, parameters.map(({ name }) => name)])),
  ).toEqual(PARAMETERS)
})

const { components } = openApiDocument(undefined)

/** Every schema below, by where it stands. A reference is judged where it leads to. */
function parts(schema: OpenApiSchema, place: string): readonly (readonly [string, OpenApiSchema])[] {
  if (schema.$ref !== undefined) return []
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, part]) => parts(part, `${place}.${name}`))
  return [[place, schema], ...members, ...(schema.items ? parts(schema.items, `${place}[]`) : [])]
}

const inDocument = [
  ...Object.entries(components.schemas).flatMap(([name, schema]) => parts(schema, name)),
  ...OPERATIONS.flatMap(({ id, parameters = [] }) =>
    parameters.flatMap(({ name, schema }) => parts(schema, `${id}(${name})`)),
  ),
]

test('every member and every parameter has a type: generators invent one where it is missing', () => {
  expect(inDocument.filter(([, { type }]) => typeof type !== 'string').map(([place]) => place)).toEqual([])
})

test('no member has a format for which a generator uses another type than string', () => {
  expect(inDocument.filter(([, schema]) => schema.format !== undefined).map(([place]) => place)).toEqual([])
})

test('what rejections leave empty may be null', () => {
  expect(components.schemas.RespBasic?.properties).toMatchObject({
    result: { type: 'object', nullable: true },
    metadata: { type: 'object', nullable: true },
  })
})
