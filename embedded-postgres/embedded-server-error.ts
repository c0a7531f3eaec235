/** The embedded PostgreSQL cannot be used as things are. The message says what the operator has to change. */
export class EmbeddedServerError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = 'EmbeddedServerError'
  }
}
