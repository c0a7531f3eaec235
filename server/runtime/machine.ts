import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers'
import { startDeadline } from './deadline.ts'

/**
 * What the parts that decide take from the machine besides memory: time and chance. They get it as a parameter, with
 * `MACHINE` as default. The simulation gives each of its processes another one (harness/sim/process/machine.ts), which
 * stands still while that process is stopped, so it cannot be one for all.
 */
export interface Machine {
  /** Monotonic clock in ms. */
  now(): number
  /** Calls `onPassed` once after `ms`, unless the returned function is called first. */
  startTimer(ms: number, onPassed: () => void): () => void
  /** Calls `run` after what is ready now. */
  soon(run: () => void): void
  /** Returns a number from 0 to below 1. */
  random(): number
  uuid(): string
}

export const MACHINE: Machine = {
  now: () => performance.now(),
  startTimer: startDeadline,
  soon: (run) => void setImmediate(run),
  random: Math.random,
  uuid: randomUUID,
}
