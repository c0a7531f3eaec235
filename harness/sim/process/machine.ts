import type { Machine } from '@tidings/server/runtime/machine.ts'
import type { Random } from '../world/random.ts'
import type { Scheduler } from '../world/scheduler.ts'

/** The machine of one simulated process, which can be stopped, continued and killed between any two of its steps. */
export interface SimMachine extends Machine {
  /** Hands something to the process from outside: an answer, a request. It waits while the process is stopped. */
  deliver(step: () => void): void
  /** SIGSTOP: its clock goes on, its code does not run. */
  pause(): void
  /** SIGCONT: what was due meanwhile happens now, in its order. */
  resume(): void
  /** SIGKILL: nothing of it happens any more. */
  kill(): void
  readonly state: 'running' | 'paused' | 'dead'
}

/** How long a step of a process that continues takes, in ms. */
const CATCH_UP_MS = 0.05

export function createSimMachine(scheduler: Scheduler, random: Random, name: string): SimMachine {
  const startedAt = scheduler.now - random.between(0, 1000)
  let state: SimMachine['state'] = 'running'
  let backlog: (() => void)[] = []
  let ids = 0

  function deliver(step: () => void): void {
    if (state === 'dead') return
    if (state === 'paused' || backlog.length > 0) backlog.push(step)
    else step()
  }

  /** One step at a time, so that what a step sets in motion in the process comes before the next one. */
  function catchUp(): void {
    if (state !== 'running' || backlog.length === 0) return
    backlog.shift()?.()
    if (backlog.length > 0) scheduler.after(CATCH_UP_MS, catchUp)
  }

  return {
    deliver,
    now: () => scheduler.now - startedAt,
    startTimer(ms, onPassed) {
      let isCancelled = false
      const cancel = scheduler.after(Math.max(1, ms), () => deliver(() => !isCancelled && onPassed()))
      return () => {
        isCancelled = true
        cancel()
      }
    },
    soon: (run) => void scheduler.after(random.between(0.01, 0.1), () => deliver(run)),
    random: random.next,
    uuid: () => `${name}#${(ids += 1)}`,
    pause() {
      if (state === 'running') state = 'paused'
    },
    resume() {
      if (state !== 'paused') return
      state = 'running'
      scheduler.after(CATCH_UP_MS, catchUp)
    },
    kill() {
      state = 'dead'
      backlog = []
    },
    get state() {
      return state
    },
  }
}
