import { isUtf8 } from 'node:buffer'
import { isObject } from '@tidings/contract/is-object.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { ValidationResult } from '@tidings/contract/validate.ts'
import { AppError } from '../../errors.ts'
import { boundsViolation } from './json-bounds.ts'
import { jsonSyntaxError } from './json-syntax-error.ts'
import { sanitize } from '../../../runtime/display-text.ts'

/** For users, who publish nothing and create no long lists of targets; for searches; for callers without a token. */
export const MAX_SMALL_BODY_BYTES = 65_536

/**
 * Throws unless the content type is application/json, with any parameters, or missing (protocol 3). Decides by the
 * header alone, so an empty body of another type is rejected as well.
 */
export function requireJson(headers: IncomingHttpHeaders): void {
  const contentType = headers['content-type']?.trim() ?? ''
  if (contentType === '') return
  const mediaType = contentType.split(';', 1)[0] ?? ''
  if (mediaType.trim().toLowerCase() === 'application/json') return
  throw new AppError('NTFAPI_UNSUPPORTED_MEDIA_TYPE', { details: { contentType: sanitize(contentType) } })
}

/**
 * Throws for a body that is compressed, or encoded in any other way, by the header alone (RFC 9110 §15.5.16): nothing
 * here decodes one, and read as it came it would only be reported as not UTF-8.
 */
export function requireIdentityEncoding({ 'content-encoding': contentEncoding = '' }: IncomingHttpHeaders): void {
  const codings = contentEncoding.split(',').map((coding) => coding.trim().toLowerCase())
  if (codings.every((coding) => coding === '' || coding === 'identity')) return
  throw new AppError('NTFAPI_UNSUPPORTED_ENCODING', { details: { contentEncoding: sanitize(contentEncoding) } })
}

export interface BodyOptions {
  /** Of all objects together; undefined: MAX_MEMBERS. */
  readonly maxMembers?: number
  /** What to do instead of sending a list. */
  readonly listAdvice?: string
}

/**
 * Reads a body as UTF-8, as JSON, as an object, and by its schema; one that would be costly to parse is rejected
 * before. Returns the members of an invalid object too, for further checks.
 */
export function readBody<T>(
  body: Buffer | undefined,
  check: (value: unknown) => ValidationResult<T>,
  { maxMembers, listAdvice = 'send its elements one at a time, each in a request of its own' }: BodyOptions = {},
): { readonly checked: ValidationResult<T>; readonly members: Readonly<Record<string, unknown>> } {
  const invalid = (violation: string) => ({
    checked: { kind: 'invalid' as const, violations: [violation] },
    members: {},
  })
  if (body === undefined || body.length === 0) return invalid('the body is missing; it must be a JSON object')
  const excess = boundsViolation(body, maxMembers)
  if (excess !== undefined) return invalid(`the body was not parsed: ${excess}`)
  const text = decodeUtf8(body)
  if (text === undefined) return invalid('the body is not UTF-8')
  const parsed = parseJson(text)
  if (parsed.kind === 'invalid') return invalid(`the body is not JSON: ${parsed.violation}`)
  if (Array.isArray(parsed.value)) return invalid(`the body must be a JSON object, not a list; ${listAdvice}`)
  if (!isObject(parsed.value)) return invalid('the body must be a JSON object')
  return { checked: check(parsed.value), members: parsed.value }
}

/** Undefined: it is not UTF-8. A byte order mark is left out. */
function decodeUtf8(body: Buffer): string | undefined {
  if (!isUtf8(body)) return undefined
  const text = body.toString('utf8')
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function parseJson(text: string): { kind: 'value'; value: unknown } | { kind: 'invalid'; violation: string } {
  try {
    return { kind: 'value', value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError)
      return { kind: 'invalid', violation: jsonSyntaxError(text) ?? 'a parser rejects it' }
    throw error
  }
}
