/** Where the embedded PostgreSQL logs. A pino logger satisfies it. */
export interface EmbeddedLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
