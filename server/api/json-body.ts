import type { IncomingHttpHeaders } from 'node:http'
import type { Checked } from '@tidings/contract/validate.ts'
import { AppError } from '../errors.ts'
import { shown } from './shown-text.ts'

/** 1 MiB is accepted, one byte more is not. */
export const MAX_BODY_BYTES = 1_048_576

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

/** Reads a body as UTF-8, as JSON, as an object, and by its schema. The value that fails is kept for checks of other kinds. */
export function readBody<T>(body: Buffer | undefined, check: (value: unknown) => Checked<T>): { readonly checked: Checked<T>; readonly members: Readonly<Record<string, unknown>> } {
  const refused = (fault: string) => ({ checked: { kind: 'invalid' as const, faults: [fault] }, members: {} })
  if (body === undefined || body.length === 0) return refused('the body is missing; it must be a JSON object')
  const text = decodeUtf8(body)
  if (text === undefined) return refused('the body is not UTF-8')
  const parsed = parseJson(text)
  if (parsed.kind === 'fault') return refused(`the body is not JSON: ${parsed.fault}`)
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
    if (error instanceof SyntaxError) return { kind: 'fault', fault: error.message }
    throw error
  }
}
