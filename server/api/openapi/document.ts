import { BASE_PATH } from '../route.ts'
import { componentSchemas } from './models.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { COMMON_RESPONSES, responsesOf, type ResponseObject } from './responses.ts'
import { reference, type OpenApiSchema } from './schema.ts'

/** Of the interface, not of this service: generated clients carry it, and look for what they know under it. */
const INTERFACE_VERSION = '1.6.2'

const ABOUT = [
  'Services publish events, subscriptions say who wants which events, and every match is delivered to the targets of the subscription: in order within a series, and never lost.',
  '**Tokens.** A user sends a token as `X-Tapis-Token`, and nothing else. A service sends its own token, and in `X-Tapis-User` and `X-Tapis-Tenant` the user and the tenant that it acts for.',
  '**Answers** always have the same seven members; `message` begins with a code that does not change. A query parameter without a value counts as not given.',
].join('\n\n')

const TAGS = [
  { name: 'General', description: 'Whether the service lives.' },
  { name: 'Subscriptions', description: 'Who wants which events.' },
  { name: 'Events', description: 'What happens.' },
  { name: 'Test', description: 'Events that come back to the service, to see that the way is free.' },
]

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, OpenApiSchema>>
    readonly responses: Readonly<Record<string, ResponseObject>>
    readonly securitySchemes: Readonly<Record<string, unknown>>
  }
}

export interface OperationObject {
  readonly operationId: string
  readonly responses: Readonly<Record<string, ResponseObject>>
  readonly [member: string]: unknown
}

/**
 * The interface as OpenAPI 3.0.3, from the table of operations and the schemas that requests are validated with. `publicUrl`
 * undefined: the calls go to where the document came from.
 */
export function openApiDocument(publicUrl: string | undefined, operations: readonly Operation[] = OPERATIONS): OpenApiDocument {
  return {
    openapi: '3.0.3',
    info: { title: 'Tidings: Tapis Notifications API', version: INTERFACE_VERSION, description: ABOUT, license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' } },
    servers: [{ url: publicUrl ?? '/' }],
    tags: TAGS,
    paths: pathsOf(operations),
    components: {
      schemas: componentSchemas(),
      responses: COMMON_RESPONSES,
      securitySchemes: { TapisJWT: { type: 'apiKey', in: 'header', name: 'X-Tapis-Token', description: 'A token of a tenant, as it is, without `Bearer`. With that of a service, `X-Tapis-User` and `X-Tapis-Tenant` are needed too.' } },
    },
  }
}

function pathsOf(operations: readonly Operation[]): OpenApiDocument['paths'] {
  const paths: Record<string, Record<string, OperationObject>> = {}
  for (const operation of operations) {
    const methods = (paths[BASE_PATH + operation.path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})
    methods[operation.method.toLowerCase()] = operationObject(operation)
  }
  return paths
}

function operationObject(operation: Operation): OperationObject {
  const { id, tag, summary, description, isDeprecated = false, parameters = [], body, who } = operation
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...(isDeprecated ? { deprecated: true } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: bodyObject(body) } : {}),
    responses: responsesOf(operation),
    security: who === 'anyone' ? [] : [{ TapisJWT: [] }],
  }
}

const bodyObject = ({ model, description, isOptional = false, example }: NonNullable<Operation['body']>) => ({
  required: !isOptional,
  description,
  content: { 'application/json': { schema: model === 'object' ? { type: 'object' } : reference(model), ...(example === undefined ? {} : { example }) } },
})
