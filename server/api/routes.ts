import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { GuardedRoute, PublicRoute, Route } from './http/route.ts'
import { FREE_FORM } from './lists/list-descriptions.ts'
import type { ApiParts, GuardedOperation, PublicOperation } from './operation.ts'
import type { Deprecation, OperationDescription } from './openapi/operation-description.ts'
import { OPERATIONS } from './operations.ts'

/** Returns the route of every operation. */
export const createRoutes = (parts: ApiParts): readonly Route[] =>
  OPERATIONS.map((operation) =>
    operation.who === 'anyone' ? publicRoute(operation, parts) : guardedRoute(operation, parts),
  )

const publicRoute = ({ method, path, who, admit, handle }: PublicOperation, parts: ApiParts): PublicRoute => ({
  method,
  path,
  who,
  ...(admit === undefined ? {} : { admit: (context) => admit(parts, context) }),
  handle: (context) => handle(parts, context),
})

function guardedRoute(operation: GuardedOperation, parts: ApiParts): GuardedRoute {
  const { method, path, who, rejectionCode, maxBodyBytes, maxEvents, deprecated, handle } = operation
  return {
    method,
    path,
    who,
    queryParameters: queryParametersOf(operation),
    ...(rejectionCode === undefined ? {} : { rejectionCode }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    ...(maxEvents === undefined ? {} : { maxEvents }),
    ...(deprecated === undefined ? {} : { headers: deprecationHeaders(deprecated) }),
    handle: (context) => handle(parts, context),
  }
}

/** Returns the known names, for warnings about misspelt ones. None, so no warnings, where any name is allowed. */
function queryParametersOf({ parameters = [] }: OperationDescription): readonly string[] {
  if (parameters.includes(FREE_FORM)) return []
  return parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
}

/** Deprecation (RFC 9745) and Link with the relation successor-version (RFC 5829). */
const deprecationHeaders = ({ since, successor }: Deprecation) => ({
  deprecation: `@${Date.parse(since) / 1000}`,
  link: `<${BASE_PATH}${successor}>; rel="successor-version"`,
})
