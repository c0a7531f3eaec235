import { startDeadline } from '@tidings/server/runtime/deadline.ts'

/** Those who wait for something to become true; asked again at each `look`. */
export interface Waiting {
  look(): void
  /** Rejects at the deadline, with what `describe` says. */
  until(isTrue: () => boolean, deadlineMs: number, describe: () => string): Promise<void>
}

export function createWaiting(): Waiting {
  const checks = new Set<() => void>()
  return {
    look() {
      for (const check of checks) check()
    },
    until: (isTrue, deadlineMs, describe) => new Promise((resolve, reject) => {
      const cancel = startDeadline(deadlineMs, () => {
        checks.delete(check)
        reject(new Error(describe()))
      })
      const check = () => {
        if (!isTrue()) return
        cancel()
        checks.delete(check)
        resolve()
      }
      checks.add(check)
      check()
    }),
  }
}
