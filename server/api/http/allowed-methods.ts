import { BASE_PATH } from '@tidings/contract/base-path.ts'
import type { Route } from './route.ts'

type Pattern = Pick<Route, 'method' | 'path'>

/**
 * Returns the value of an Allow header for a request target, or undefined when no route has this path with any method
 * (RFC 9110 §10.2.1). The router of the library knows the paths of one method only.
 */
export function allowedMethods(routes: readonly Pattern[], requestTarget: string): string | undefined {
  const parts = pathParts(requestTarget)
  const methods = new Set(routes.filter(({ path }) => matches(path, parts)).map(({ method }) => method))
  if (methods.size === 0) return undefined
  return ['GET', 'POST', 'DELETE', 'PATCH']
    .filter((method) => methods.has(method as Route['method']))
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .concat('OPTIONS')
    .join(', ')
}

/** Returns the path of a request target, as it was sent. */
export const pathOf = (requestTarget: string) =>
  requestTarget.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? ''

/**
 * Returns the parts of the path, without a trailing slash, still percent-encoded: what is encoded cannot be a
 * separator.
 */
const pathParts = (requestTarget: string) => pathOf(requestTarget).replace(/\/$/, '').split('/')

function matches(path: string, parts: readonly string[]): boolean {
  const pattern = `${BASE_PATH}${path}`.split('/')
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]))
  )
}
