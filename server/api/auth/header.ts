import type { IncomingHttpHeaders } from 'node:http'

/**
 * Returns the first value of a header, undefined when it is absent or blank. `name` in lower case, as Node has it. Node
 * joins repeated headers with `, `, so a single value that contains this separator would be cut there; pass
 * `request.headersDistinct` to keep such values whole.
 */
export function firstValue(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  const first = typeof value === 'string' ? value.split(', ', 1)[0] : value?.[0]
  return first === undefined || first.trim() === '' ? undefined : first
}
