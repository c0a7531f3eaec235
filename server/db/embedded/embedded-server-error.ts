/** The embedded PostgreSQL cannot be used as things are; the message tells the operator what to change. */
export class EmbeddedServerError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = 'EmbeddedServerError'
  }
}
