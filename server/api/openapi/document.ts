import { BASE_PATH } from '@tidings/contract/base-path.ts'
import { componentSchemas } from './models.ts'
import { OPERATIONS } from '../operations.ts'
import type { OperationDescription, RequestBody } from './operation-description.ts'
import { COMMON_RESPONSES, responsesOf, type ResponseObject } from './openapi-responses.ts'
import { reference, type OpenApiSchema } from './openapi-schema.ts'

/** The version of the interface, not of this service: generated clients carry it, and depend on it. */
const INTERFACE_VERSION = '1.6.2'

const ABOUT = [
  'Services publish events, and subscriptions say who wants which events. Each matching event is delivered to the ' +
    'targets of the subscription: in order within a series, and never lost.',
  '**Tokens.** A user sends only a token, as `X-Tapis-Token`. A service sends its own token and, in `X-Tapis-User` ' +
    'and `X-Tapis-Tenant`, the user and the tenant that it acts for.',
  '**Responses** always have the same seven members; `message` begins with a code that does not change. ' +
    'A query parameter without a value counts as absent.',
].join('\n\n')

const TAGS = [
  { name: 'General', description: 'The health of the service.' },
  { name: 'Subscriptions', description: 'Who wants which events.' },
  { name: 'Events', description: 'What has happened.' },
  { name: 'Test', description: 'Events that the service delivers to itself, to test the whole path.' },
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
 * Returns the interface as OpenAPI 3.0.3, made from the operations and the schemas that requests are validated with.
 * `publicUrl` undefined: clients call the server that they got the document from.
 */
export function openApiDocument(
  publicUrl: string | undefined,
  operations: readonly OperationDescription[] = OPERATIONS,
): OpenApiDocument {
  return {
    openapi: '3.0.3',
    info: {
      title: 'Tidings: Tapis Notifications API',
      version: INTERFACE_VERSION,
      description: ABOUT,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: TAGS,
    paths: pathsOf(operations),
    components: {
      schemas: componentSchemas(),
      responses: COMMON_RESPONSES,
      securitySchemes: {
        TapisJWT: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Tapis-Token',
          description:
            'A token of a tenant, without `Bearer`. With the token of a service, `X-Tapis-User` and `X-Tapis-Tenant` ' +
            'are required too.',
        },
      },
    },
  }
}

function pathsOf(operations: readonly OperationDescription[]): OpenApiDocument['paths'] {
  const paths: Record<string, Record<string, OperationObject>> = {}
  for (const operation of operations) {
    const methods = (paths[BASE_PATH + operation.path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})
    methods[operation.method.toLowerCase()] = operationObject(operation)
  }
  return paths
}

function operationObject(operation: OperationDescription): OperationObject {
  const { id, tag, summary, description, deprecated, parameters = [], body, who } = operation
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    ...(deprecated ? { deprecated: true } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: bodyObject(body) } : {}),
    responses: responsesOf(operation),
    security: who === 'anyone' ? [] : [{ TapisJWT: [] }],
  }
}

const bodyObject = ({ model, description, isOptional = false, example }: RequestBody) => ({
  required: !isOptional,
  description,
  content: {
    'application/json': {
      schema: model === 'object' ? { type: 'object' } : reference(model),
      ...(example === undefined ? {} : { example }),
    },
  },
})
