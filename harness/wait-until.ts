import { startDeadline } from '@tidings/server/runtime/deadline.ts'

/** Waits for conditions to become true; `check` evaluates all of them. */
export interface Waiter {
  check(): void
  /** Resolves when `isTrue` holds. Rejects at the deadline, with the text of `describe`. */
  until(isTrue: () => boolean, deadlineMs: number, describe: () => string): Promise<void>
}

export function createWaiter(): Waiter {
  const checks = new Set<() => void>()
  return {
    check() {
      for (const check of checks) check()
    },
    until: (isTrue, deadlineMs, describe) =>
      new Promise((resolve, reject) => {
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
