import { errorCode } from '../runtime/error-code.ts'
import { DatabaseUnreachable } from './database.ts'
import { isPermanentRefusal, refusalText } from './refusal-advice.ts'
import { InvalidDatabaseUrl } from './tls-settings.ts'
import { tlsFailureText } from './tls-fallback.ts'

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])

/**
 * PostgreSQL: connection exceptions, too few resources, operator intervention, system errors, and a session that timed
 * out.
 */
const UNAVAILABLE_STATES = /^(08|40|53|55|57|58)[0-9A-Z]{3}$|^25P03$|^25006$/

/** What the pg library reports by message only. */
const UNAVAILABLE_MESSAGES = [
  /^Query read timeout/,
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^timeout expired/,
  /^Client has encountered a connection error/,
  /^Client was closed/,
  /^Cannot use a pool after calling end/,
]

/** Returns whether the database could not be reached, was shutting down, or did not respond in time. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnreachable) return true
  const code = errorCode(error)
  if (code !== undefined && (CONNECTION_CODES.has(code) || UNAVAILABLE_STATES.test(code))) return true
  return error instanceof Error && UNAVAILABLE_MESSAGES.some((words) => words.test(error.message))
}

/**
 * Returns what a server says that rejects every connection until an operator changes something, and what to change.
 * Such a database counts as unavailable too.
 */
export function connectionRefusal(error: unknown, url: string): string | undefined {
  const cause = error instanceof DatabaseUnreachable ? error.cause : undefined
  if (!(cause instanceof Error)) return undefined
  return (
    tlsFailureText(cause) ??
    (cause instanceof InvalidDatabaseUrl
      ? cause.message
      : isPermanentRefusal(cause)
        ? refusalText(cause, url)
        : undefined)
  )
}
