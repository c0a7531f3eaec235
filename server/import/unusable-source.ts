import { tlsFailureText } from '../db/tls-turn.ts'

/** The source cannot be read; the message says why and what to do. */
export class UnusableSource extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The source cannot be read: ${reason}`, options)
    this.name = 'UnusableSource'
  }
}

/** A failure of the connection, or of the server behind it, in the words of an import. */
export const unusable = (error: unknown): UnusableSource => (error instanceof UnusableSource ? error : new UnusableSource(reasonOf(error), { cause: error }))

/** A name with several addresses refuses once for each; the whole has no words then. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? (tlsFailureText(error) ?? error.message) : String(error)
}
