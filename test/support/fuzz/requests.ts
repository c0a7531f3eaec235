import { openApiDocument } from '@tidings/server/api/openapi/document.ts'
import type { Operation } from '@tidings/server/api/operation.ts'
import { OPERATIONS } from '@tidings/server/api/operations.ts'
import type { Parameter } from '@tidings/server/api/openapi/operation-description.ts'
import type { OpenApiSchema } from '@tidings/server/api/openapi/openapi-schema.ts'
import fc from 'fast-check'
import { conditions, tests } from '../search-conditions.ts'
import { printConditionText, printFreeForm, printSqlLike } from '../search-printers.ts'
import { mutatedText, mutatedValue, oddText } from './mutation.ts'
import { validOf, type Resolve } from './values.ts'

export const CALLERS = ['service', 'service', 'service', 'jdoe', 'eve', 'other service', 'nobody', 'garbage'] as const

export interface FuzzRequest {
  readonly operation: string
  readonly method: string
  /** Below the base path, with the query. */
  readonly path: string
  readonly caller: (typeof CALLERS)[number]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const { components } = openApiDocument(undefined)
const resolve: Resolve = (schema) =>
  schema.$ref === undefined ? schema : (components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})

/** Any request that the document describes, right as it is or with something wrong in it. */
export const fuzzRequests = (): fc.Arbitrary<FuzzRequest> =>
  fc.oneof(...OPERATIONS.map((operation) => ({ weight: weightOf(operation), arbitrary: requestOf(operation) })))

/** Searches and events are where most can go wrong. */
function weightOf({ id }: Operation): number {
  if (id.startsWith('search') || id === 'getSubscriptions') return 5
  return ['publishEvent', 'postSubscription', 'patchSubscriptionByName'].includes(id) ? 4 : 1
}

function requestOf(operation: Operation): fc.Arbitrary<FuzzRequest> {
  const { id, method, path, parameters = [] } = operation
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  const inQuery = parameters.filter(
    (parameter) =>
      parameter.in === 'query' && parameter.name !== 'freeFormParameterName' && parameter.name !== 'search',
  )
  return fc
    .record({
      caller: fc.constantFrom(...CALLERS),
      names: fc.tuple(...inPath.map(textOf)),
      query: fc.tuple(
        ...inQuery.map((parameter) =>
          fc
            .oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: textOf(parameter) })
            .map((text) => (text === undefined ? [] : [[parameter.name, text] as const])),
        ),
      ),
      search: searchQueryOf(id),
      extra: fc.oneof(
        { weight: 20, arbitrary: fc.constant([]) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.constantFrom('limt', 'x', 'search', '__proto__', 'limit'), oddText)
            .map((pair) => [pair]),
        },
      ),
      body: bodyOf(operation),
      headers: fc.oneof(
        { weight: 20, arbitrary: fc.constant({}) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Record<string, string>>(
            { 'content-type': 'text/plain' },
            { 'idempotency-key': 'a' },
            { 'x-tapis-tenant': 'nope' },
            { 'content-encoding': 'gzip' },
            { expect: '100-continue' },
          ),
        },
      ),
    })
    .map(({ caller, names, query, search, extra, body, headers }) => ({
      operation: id,
      method,
      path:
        inPath.reduce(
          (filled, { name }, index) => filled.replace(`:${name}`, encoded(names[index] ?? '') || 'x'),
          path,
        ) + queryText([...query.flat(), ...search, ...extra]),
      caller,
      headers,
      body,
    }))
}

const textOf = ({ name, schema }: Parameter): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: validOf(schema, name, resolve).map(String) }, { weight: 1, arbitrary: oddText })

function searchQueryOf(id: string): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const some = fc.array(tests, { minLength: 1, maxLength: 3 })
  if (id === 'getSubscriptions') return maybe(some.map((all) => [['search', printConditionText(all)] as const]))
  if (id === 'searchSubscriptionsQueryParameters') return maybe(some.map((all) => printFreeForm(all, 'plain')))
  return fc.constant([])
}

/** Bent once in four times. */
const maybe = (pairs: fc.Arbitrary<readonly (readonly [string, string])[]>) =>
  pairs.chain((all) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(all) },
      {
        weight: 1,
        arbitrary: mutatedText(all[0]?.[1] ?? '').map((text) => [[all[0]?.[0] ?? 'search', text] as const]),
      },
    ),
  )

function bodyOf({ id, body }: Operation): fc.Arbitrary<string | undefined> {
  if (body === undefined) return fc.constant(undefined)
  if (id === 'searchSubscriptionsRequestBody') return bent(sqlBodies)
  const schema: OpenApiSchema =
    body.model === 'object' ? { type: 'object' } : { $ref: `#/components/schemas/${body.model}` }
  return bent(validOf(schema, body.model, resolve))
}

const sqlBodies = fc.tuple(conditions, fc.boolean(), fc.boolean()).map(([condition, isUpperCase, isBare]) => ({
  search: [printSqlLike(condition, { gap: ' ', isUpperCase, isSpelledOut: true, isBare })],
}))

const bent = (values: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: values.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: values.chain(mutatedValue).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: values.chain((value) => mutatedText(JSON.stringify(value))) },
  )

const queryText = (pairs: readonly (readonly [string, string])[]) =>
  pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&')}`

/** Half pairs have no UTF-8 form. */
const encoded = (text: string) => encodeURIComponent(Buffer.from(text).toString())
