import { describe, expect, test } from 'vitest'
import type { ApiParts } from '../operation.ts'
import { OPERATIONS } from '../operations.ts'
import { createRoutes } from '../routes.ts'
import { ATTRIBUTES, OPERATORS_OF } from '../search/attributes.ts'
import { openApiDocument } from './document.ts'
import type { OpenApiSchema } from './openapi-schema.ts'

/** Only the table of routes is wanted: every part is there, and none is called. */
const ANYTHING: object = new Proxy({}, { get: () => ANYTHING })
const ROUTES = createRoutes(ANYTHING as ApiParts)

const { paths, components } = openApiDocument(undefined)

test('every route is an operation of the document, every operation is a route, with the same callers', () => {
  const line = ({ method, path, who }: { method: string; path: string; who: string }) => `${method} ${path} ${who}`
  expect(OPERATIONS.map(line).sort()).toEqual(ROUTES.map(line).sort())
})

test('the operations have the names that generated clients know', () => {
  expect(OPERATIONS.map(({ id }) => id).sort()).toEqual([
    'beginTestSequence',
    'deleteSubscriptionByName',
    'deleteSubscriptionByUuid',
    'deleteSubscriptionsBySubject',
    'deleteTestSequence',
    'disableSubscription',
    'enableSubscription',
    'endEventSeries',
    'getSubscriptionByName',
    'getSubscriptionByUuid',
    'getSubscriptions',
    'getTestSequence',
    'healthCheck',
    'isEnabled',
    'patchSubscriptionByName',
    'postEvent',
    'postSubscription',
    'publishEvent',
    'publishEventBatch',
    'readyCheck',
    'recordTestNotification',
    'searchSubscriptionsQueryParameters',
    'searchSubscriptionsRequestBody',
    'updateTTL',
  ])
})

test('every part of a path is a parameter, and every path parameter a part', () => {
  for (const { path, parameters = [] } of OPERATIONS) {
    expect(
      parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      path,
    ).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name))
  }
})

test('an operation needs a token unless anyone may call', () => {
  for (const { path, method, who } of OPERATIONS) {
    const operation = paths[`/v3/notifications${path.replaceAll(/:(\w+)/g, '{$1}')}`]?.[method.toLowerCase()]
    expect(operation?.security, path).toEqual(who === 'anyone' ? [] : [{ TapisJWT: [] }])
    expect(operation?.responses['401'] === undefined, path).toBe(who === 'anyone')
  }
})

test('every list takes an owner, and documents which attributes take which operators', () => {
  const lists = OPERATIONS.filter(({ success }) => success.model === 'RespSubscriptions')
  expect(lists).toHaveLength(3)
  for (const { id, description, parameters = [] } of lists) {
    expect(
      parameters.map(({ name }) => name),
      id,
    ).toEqual(expect.arrayContaining(['limit', 'orderBy', 'skip', 'startAfter', 'computeTotal', 'select', 'ownedBy']))
    expect(`${JSON.stringify(parameters)} ${description}`, id).toContain('anyOwner')
    const rows = description.split('\n').filter((line) => line.startsWith('| `'))
    for (const { name, type } of ATTRIBUTES) {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${name}\``))
      expect(row?.split('|')[2]?.match(/\w+/g), name).toEqual(OPERATORS_OF[type])
    }
  }
})

describe('models', () => {
  test.each(Object.entries(components.schemas))(
    '%s and each of its members are described',
    (_name, { description, properties = {} }: OpenApiSchema) => {
      expect(description).toMatch(/\.$/)
      for (const [member, part] of Object.entries(properties))
        expect(part.$ref ?? part.description, member).toMatch(/\.$|^#/)
    },
  )

  test('the rules that requests are validated with are in the document', () => {
    expect(components.schemas.ReqPostSubscription).toMatchObject({
      required: ['typeFilter', 'subjectFilter', 'deliveryTargets'],
      additionalProperties: false,
      properties: {
        name: {
          type: 'string',
          nullable: true,
          minLength: 1,
          maxLength: 188,
          pattern: '^[a-zA-Z0-9][a-zA-Z0-9._~@-]*$',
        },
        enabled: { type: 'boolean', default: true },
        deliveryTargets: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/DeliveryTarget' } },
        ttlMinutes: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647, default: 10_080 },
      },
    })
    expect(components.schemas.ReqPatchSubscription?.required).toBeUndefined()
  })

  test('models are named where others use them', () => {
    expect(components.schemas.RespSubscriptions?.properties).toMatchObject({
      result: { type: 'array', items: { $ref: '#/components/schemas/TapisSubscription' } },
      metadata: { $ref: '#/components/schemas/RespSubscriptionsMetadata' },
    })
    expect(components.schemas.DeliveryTarget?.properties?.deliveryMethod).toEqual({
      $ref: '#/components/schemas/DeliveryMethod',
    })
  })
})
