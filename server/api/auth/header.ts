import type { IncomingHttpHeaders } from 'node:http'

/**
 * The first value of a header, undefined when it is absent or blank. `name` in lower case, as Node has it. Node joins repeated
 * headers with `, `, so a lone value that contains that is cut there; give `request.headersDistinct` to keep such values whole.
 */
export function firstValue(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  const first = typeof value === 'string' ? value.split(', ', 1)[0] : value?.[0]
  return first === undefined || first.trim() === '' ? undefined : first
}
