import { tlsFailureText } from '../db/tls-fallback.ts'

/** The source cannot be read; the message says why and what to do. */
export class UnusableSource extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The source cannot be read: ${reason}`, options)
    this.name = 'UnusableSource'
  }
}

/** Wraps a failure of the connection or of the server. */
export const toUnusableSource = (error: unknown): UnusableSource =>
  error instanceof UnusableSource ? error : new UnusableSource(reasonOf(error), { cause: error })

/** A host with several addresses fails once for each, and the error that holds them has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? (tlsFailureText(error) ?? error.message) : String(error)
}
