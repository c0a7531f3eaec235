import { openApiDocument } from '@tidings/server/api/openapi/document.ts'
import { createResponseCheck } from '../openapi-check.ts'
import type { FuzzRequest } from './requests.ts'

export interface FuzzResponse {
  /** 0: there was none. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

const check = createResponseCheck(openApiDocument(undefined))
const CODE = /^(NTFAPI|NTFLIB|TAPIS)_[A-Z0-9_]+ /

/**
 * What is wrong with a response, whatever was requested. Our failures are right only as a 503 that says when to come
 * again.
 */
export function responseViolations(
  base: string,
  { method, path }: FuzzRequest,
  { status, headers, text }: FuzzResponse,
): readonly string[] {
  if (status === 0) return [`no response: ${text}`]
  const documented = check({
    method,
    url: `${base}/v3/notifications${path}`,
    status,
    contentType: headers['content-type']?.toString(),
    text,
  })
  const message = messageOf(text)
  return [
    ...documented,
    ...(status >= 500 && status !== 503 ? [`status ${status}`] : []),
    ...(status === 503 && !/^\d+$/.test(headers['retry-after']?.toString() ?? '') ? ['503 without Retry-After'] : []),
    ...(status >= 400 && !CODE.test(message) ? [`no code in: ${message.slice(0, 100)}`] : []),
  ]
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? ''
  } catch {
    return ''
  }
}
