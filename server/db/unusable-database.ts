/** The database cannot be used as it is; the message says what to do. */
export class UnusableDatabase extends Error {
  constructor(faults: readonly string[]) {
    super(`The database cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.name = 'UnusableDatabase'
  }
}
