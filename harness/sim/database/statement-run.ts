import type { Scheduler } from '../world/scheduler.ts'
import type { Locks } from './locks.ts'
import type { Model, Run } from './model.ts'
import { CODES, serverError } from './server-error.ts'
import { PAUSE, type LockRequest, type OpenTransaction } from './tables.ts'

export interface StatementDeps {
  readonly scheduler: Scheduler
  readonly locks: Locks
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
  /** Between the snapshot of a statement and the lock that it takes next, in ms. */
  readonly lockDelayMs: () => number
  /** Between two statements of a function, in ms. */
  readonly gapMs: () => number
  readonly onDeadlock: (model: string, key: string) => void
}

export interface Statement {
  readonly model: Model
  readonly values: readonly unknown[]
  readonly tx: OpenTransaction
}

export type StatementOutcome = { readonly rows: readonly object[] } | { readonly error: Error }

/**
 * Runs one statement in its transaction; it waits for locks within its time limits. Calls back when it is over. Returns
 * a function that ends it without a result.
 */
export function runStatement(
  { scheduler, locks, statementTimeoutMs, lockTimeoutMs, lockDelayMs, gapMs, onDeadlock }: StatementDeps,
  { model, values, tx }: Statement,
  onOver: (outcome: StatementOutcome) => void,
): () => void {
  let isOver = false
  let stopTimers: () => void = () => undefined

  function end(outcome: StatementOutcome): void {
    if (isOver) return
    interrupt()
    onOver(outcome)
  }

  function interrupt(): void {
    isOver = true
    stopTimers()
    locks.stopWaiting(tx.owner)
  }

  const fail = (code: string, message: string) => end({ error: serverError(code, message) })

  function step(run: Run, input: boolean): void {
    if (isOver) return
    let result
    try {
      result = run.next(input)
    } catch (error) {
      if (!(error instanceof Error && 'severity' in error)) throw error
      end({ error })
      return
    }
    if (result.done) end({ rows: result.value })
    else if (result.value === PAUSE) scheduler.after(gapMs(), () => step(run, true))
    else request(run, result.value)
  }

  function request(run: Run, wanted: LockRequest): void {
    const delayMs = tx.owner.held.get(wanted.key) === 'update' ? 0 : lockDelayMs()
    if (delayMs > 0) scheduler.after(delayMs, () => take(run, wanted))
    else take(run, wanted)
  }

  function take(run: Run, { key, mode, skip }: LockRequest): void {
    if (isOver) return
    if (locks.tryLock(tx.owner, key, mode)) step(run, true)
    else if (skip) step(run, false)
    else wait(run, key, mode)
  }

  /** The limit of the statement counts from its first wait: apart from waits it takes no time. */
  function wait(run: Run, key: string, mode: LockRequest['mode']): void {
    const isWaiting = locks.wait(tx.owner, key, mode, () => {
      stopTimers()
      step(run, true)
    })
    if (!isWaiting) {
      onDeadlock(model.name, key)
      fail(CODES.deadlock, 'deadlock detected')
      return
    }
    const stops = [scheduler.after(statementTimeoutMs, () => fail(CODES.queryCanceled, 'statement timeout'))]
    if (lockTimeoutMs > 0)
      stops.push(scheduler.after(lockTimeoutMs, () => fail(CODES.lockNotAvailable, 'lock timeout')))
    stopTimers = () => {
      for (const stop of stops) stop()
    }
  }

  step(model.run(tx, values), true)
  return interrupt
}
