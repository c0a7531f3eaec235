import { AppError } from '../errors.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { unstorableReason } from '../../db/storable-text.ts'

/**
 * The query parameters of a request. A blank value counts as absent (protocol 4.1: the Java client sends `orderBy=`).
 */
export interface Query {
  /** Throws TAPIS_QUERY_PARAM_MULTIPLE when the parameter is given more than once, blank or not. */
  text(name: string): string | undefined
  isRepeated(name: string): boolean
  /** True for `true` in any case; any other text is false (protocol 4.1). */
  flag(name: string): boolean
  /** Returns every parameter in the order of the request, repeated and blank ones too. */
  entries(): readonly (readonly [name: string, value: string])[]
}

/**
 * Reads what follows the `?` of a request target. Throws NTFAPI_BAD_REQUEST for a percent-encoding that is not UTF-8,
 * and for NUL.
 */
export function parseQuery(requestTarget: string): Query {
  const start = requestTarget.indexOf('?')
  const entries: (readonly [string, string])[] = []
  for (const part of start < 0 ? [] : requestTarget.slice(start + 1).split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = decode(equals < 0 ? '' : part.slice(equals + 1))
    entries.push([name, value])
  }
  return queryOf(entries)
}

function queryOf(entries: readonly (readonly [name: string, value: string])[]): Query {
  const values = new Map<string, string[]>()
  for (const [name, value] of entries) {
    const sameName = values.get(name)
    if (sameName) sameName.push(value)
    else values.set(name, [value])
  }
  const isRepeated = (name: string) => (values.get(name)?.length ?? 0) > 1
  function text(name: string): string | undefined {
    if (isRepeated(name)) throw new AppError('TAPIS_QUERY_PARAM_MULTIPLE', { details: { parameter: name } })
    const value = values.get(name)?.[0]
    return value === undefined || value.trim() === '' ? undefined : value
  }
  return { text, isRepeated, flag: (name) => text(name)?.toLowerCase() === 'true', entries: () => entries }
}

function decode(part: string): string {
  try {
    const text = decodeURIComponent(part.replaceAll('+', ' '))
    if (unstorableReason(text) === undefined) return text
  } catch (error) {
    if (!(error instanceof URIError)) throw error
  }
  throw new AppError('NTFAPI_BAD_REQUEST', { details: { query: sanitize(part) } })
}
