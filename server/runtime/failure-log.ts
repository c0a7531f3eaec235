import type { Log } from '../log.ts'
import { AppError } from '../errors.ts'
import { failureWords, isAlreadyTold, unreachableWords } from './failure-words.ts'

/** Logs when failing begins and when it ends, not each time. */
export interface FailureLog {
  failed(error: unknown): void
  worked(): void
}

export function createFailureLog(log: Log, name: string): FailureLog {
  let isFailing = false
  return {
    failed(error) {
      if (isAlreadyTold(error)) return
      if (!isFailing) log.warn({ loop: name, ...causeOf(error) }, 'failing, will be retried')
      isFailing = true
    },
    worked() {
      if (isFailing) log.info({ loop: name }, 'recovered')
      isFailing = false
    },
  }
}

/** What is away, and what was refused on purpose, is told in words; a stack leads to the place in this service only where that may be at fault. */
function causeOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  const reason = unreachableWords(error) ?? (error instanceof AppError ? failureWords(error) : undefined)
  return reason === undefined ? { err: error } : { reason }
}
