import type { Machine } from '@tidings/server/runtime/machine.ts'
import type { Reply } from './session.ts'

export interface StatementResult {
  readonly command: string
  readonly rows: object[]
}

/** A statement whose answer has not come. */
export interface PendingAnswer {
  readonly resolve: (result: StatementResult) => void
  readonly reject: (error: Error) => void
  /** By the clock of the process. */
  readonly deadline: number
}

/** The statements of one connection that wait for their answers, as the driver keeps them. */
export interface PendingAnswers {
  /** Rejects when no answer has come after the time limit. */
  add(resolve: PendingAnswer['resolve'], reject: PendingAnswer['reject']): PendingAnswer
  answer(one: PendingAnswer, reply: Reply): void
  rejectAll(error: Error): void
}

export function createPendingAnswers(machine: Machine, limitMs: number): PendingAnswers {
  const pending = new Set<PendingAnswer>()
  let isWatching = false

  /** One timer for all of them: there are thousands, and hardly one runs out of time. */
  function watch({ deadline }: PendingAnswer): void {
    if (isWatching) return
    isWatching = true
    machine.startTimer(deadline - machine.now(), () => {
      isWatching = false
      rejectLate()
      const [next] = pending
      if (next) watch(next)
    })
  }

  function rejectLate(): void {
    const now = machine.now()
    for (const one of pending) {
      if (one.deadline > now) return
      pending.delete(one)
      one.reject(new Error('Query read timeout'))
    }
  }

  return {
    add(resolve, reject) {
      const one: PendingAnswer = { resolve, reject, deadline: machine.now() + limitMs }
      pending.add(one)
      watch(one)
      return one
    },
    answer(one, reply) {
      if (!pending.delete(one)) return
      if (reply.kind === 'error') one.reject(reply.error)
      else one.resolve({ command: reply.command, rows: [...reply.rows] })
    },
    rejectAll(error) {
      for (const { reject } of pending) reject(error)
      pending.clear()
    },
  }
}
