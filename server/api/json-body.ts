import type { IncomingHttpHeaders } from 'node:http'
import type { Checked } from '@tidings/contract/validate.ts'
import { AppError } from '../errors.ts'
import { excessOf } from './json-bounds.ts'
import { jsonFault } from './json-fault.ts'
import { shown } from './shown-text.ts'

/** 1 MiB is accepted, one byte more is not. */
export const MAX_BODY_BYTES = 1_048_576
/** Of users, who publish nothing and create no long lists of targets; of searches; and of callers without a token. */
export const MAX_SMALL_BODY_BYTES = 65_536

/**
 * Every operation takes application/json, with whatever parameters, or a request that does not say (contract 3). Judged
 * by the header alone, so an empty body of another type is refused as well.
 */
export function requireJson(headers: IncomingHttpHeaders): void {
  const contentType = headers['content-type']?.trim() ?? ''
  if (contentType === '') return
  const mediaType = contentType.split(';', 1)[0] ?? ''
  if (mediaType.trim().toLowerCase() === 'application/json') return
  throw new AppError('NTFAPI_UNSUPPORTED_MEDIA_TYPE', { details: { contentType: shown(contentType) } })
}

/**
 * Refuses a body that is compressed, or coded in any other way, by the header alone (RFC 9110 §15.5.16): nothing here decodes
 * one, and a body that is read as it came would be called no UTF-8.
 */
export function requireIdentity({ 'content-encoding': contentEncoding = '' }: IncomingHttpHeaders): void {
  const codings = contentEncoding.split(',').map((coding) => coding.trim().toLowerCase())
  if (codings.every((coding) => coding === '' || coding === 'identity')) return
  throw new AppError('NTFAPI_UNSUPPORTED_ENCODING', { details: { contentEncoding: shown(contentEncoding) } })
}

/**
 * Reads a body as UTF-8, as JSON, as an object, and by its schema; one that would be costly to parse is refused before. The
 * value that fails is kept for checks of other kinds.
 */
export function readBody<T>(body: Buffer | undefined, check: (value: unknown) => Checked<T>): { readonly checked: Checked<T>; readonly members: Readonly<Record<string, unknown>> } {
  const refused = (fault: string) => ({ checked: { kind: 'invalid' as const, faults: [fault] }, members: {} })
  if (body === undefined || body.length === 0) return refused('the body is missing; it must be a JSON object')
  const excess = excessOf(body)
  if (excess !== undefined) return refused(`the body is not read: ${excess}`)
  const text = decodeUtf8(body)
  if (text === undefined) return refused('the body is not UTF-8')
  const parsed = parseJson(text)
  if (parsed.kind === 'fault') return refused(`the body is not JSON: ${parsed.fault}`)
  if (Array.isArray(parsed.value)) return refused('the body must be a JSON object, not a list; send what is in the list one at a time, each in a request of its own')
  if (!isObject(parsed.value)) return refused('the body must be a JSON object')
  return { checked: check(parsed.value), members: parsed.value }
}

/** An object of JSON: no array, not null. */
export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function decodeUtf8(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function parseJson(text: string): { kind: 'value'; value: unknown } | { kind: 'fault'; fault: string } {
  try {
    return { kind: 'value', value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'fault', fault: jsonFault(text) ?? 'a parser refuses it' }
    throw error
  }
}
