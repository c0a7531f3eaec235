import { errorCode } from '../runtime/error-code.ts'
import { DatabaseUnreachable } from './database.ts'
import { isRefusal, refusalWords } from './refusal-advice.ts'
import { UnusableAddress } from './tls-request.ts'
import { tlsFailureText } from './tls-turn.ts'

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'])

/** PostgreSQL: connection exceptions, too few resources, operator intervention, system errors, and a session that timed out. */
const AWAY_STATES = /^(08|40|53|55|57|58)[0-9A-Z]{3}$|^25P03$|^25006$/

/** What the pg library says in words only. */
const AWAY_MESSAGES = [
  /^Query read timeout/, /^Connection terminated/, /^timeout exceeded when trying to connect/, /^timeout expired/,
  /^Client has encountered a connection error/, /^Client was closed/, /^Cannot use a pool after calling end/,
]

/** True when the database could not be reached, was shutting down, or did not answer in time. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DatabaseUnreachable) return true
  const code = errorCode(error)
  if (code !== undefined && (CONNECTION_CODES.has(code) || AWAY_STATES.test(code))) return true
  return error instanceof Error && AWAY_MESSAGES.some((words) => words.test(error.message))
}

/** What a server says that refuses the connection for good, and what somebody has to change. Such an error is "away" too. */
export function connectionRefusal(error: unknown, url: string): string | undefined {
  const cause = error instanceof DatabaseUnreachable ? error.cause : undefined
  if (!(cause instanceof Error)) return undefined
  return tlsFailureText(cause) ?? (cause instanceof UnusableAddress ? cause.message : isRefusal(cause) ? refusalWords(cause, url) : undefined)
}
