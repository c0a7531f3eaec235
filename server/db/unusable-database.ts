/** The service cannot use the database as it is; the message says what to do. */
export class UnusableDatabase extends Error {
  constructor(reasons: readonly string[]) {
    super(`The database cannot be used:\n${reasons.map((reason) => `  - ${reason}`).join('\n')}`)
    this.name = 'UnusableDatabase'
  }
}
