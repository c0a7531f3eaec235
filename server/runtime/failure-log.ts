import type { Log } from '../log.ts'

/** Logs when failing begins and when it ends, not each time. */
export interface FailureLog {
  failed(error: unknown): void
  worked(): void
}

export function createFailureLog(log: Log, name: string): FailureLog {
  let isFailing = false
  return {
    failed(error) {
      if (!isFailing) log.warn({ loop: name, err: error }, 'failing, will be retried')
      isFailing = true
    },
    worked() {
      if (isFailing) log.info({ loop: name }, 'recovered')
      isFailing = false
    },
  }
}
