import type { Log } from '../log.ts'
import { unreachableWords } from './failure-words.ts'

/** Logs when failing begins and when it ends, not each time. */
export interface FailureLog {
  failed(error: unknown): void
  worked(): void
}

export function createFailureLog(log: Log, name: string): FailureLog {
  let isFailing = false
  return {
    failed(error) {
      if (!isFailing) log.warn({ loop: name, ...causeOf(error) }, 'failing, will be retried')
      isFailing = true
    },
    worked() {
      if (isFailing) log.info({ loop: name }, 'recovered')
      isFailing = false
    },
  }
}

/** Something that is away is told in words; a stack leads to the place in this service only where that may be at fault. */
function causeOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  const reason = unreachableWords(error)
  return reason === undefined ? { err: error } : { reason }
}
