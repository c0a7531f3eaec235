import type { Log } from '../log.ts'
import { ExpectedFailure } from './expected-failure.ts'
import { failureText, isAlreadyLogged, unreachableText } from './failure-text.ts'

/** Logs when failing begins and when it ends, not each time. */
export interface FailureLog {
  failed(error: unknown): void
  markHealthy(): void
}

export function createFailureLog(log: Log, name: string): FailureLog {
  let isFailing = false
  return {
    failed(error) {
      if (isAlreadyLogged(error)) return
      if (!isFailing) log.warn({ loop: name, ...causeOf(error) }, 'failing, will be retried')
      isFailing = true
    },
    markHealthy() {
      if (isFailing) log.info({ loop: name }, 'recovered')
      isFailing = false
    },
  }
}

/** Describes what cannot be reached, and expected failures, by a reason; everything else with its stack. */
function causeOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  const reason = unreachableText(error) ?? (error instanceof ExpectedFailure ? failureText(error) : undefined)
  return reason === undefined ? { err: error } : { reason }
}
