import type { Log } from '../log.ts'
import { createFailureLog } from './failure-log.ts'
import { MACHINE, type Machine } from './machine.ts'

/**
 * Something that runs in the background. Both calls may come twice or in any order; `stop` resolves when all work is
 * finished.
 */
export interface Worker {
  start(): void
  stop(): Promise<void>
}

/** A worker that others may wake before its time. */
export interface WakeableWorker extends Worker {
  wake(): void
}

/** The result of a tick that had nothing to do, so that it cannot tell whether a failure is over. */
export interface Idle {
  /** As of any other tick. */
  readonly restMs: number
}

export interface LoopOptions {
  readonly name: string
  readonly log: Log
  /**
   * Does the work once. Returns how long to rest before the next tick, in ms; 0 means at once. A tick that lasts as
   * long as all is well calls `markHealthy` when it has what it needs.
   */
  readonly tick: (signal: AbortSignal, markHealthy: () => void) => Promise<number | Idle>
  /** Rest after a tick that rejected, in ms. */
  readonly restAfterErrorMs?: number
  readonly machine?: Machine | undefined
}

/**
 * Repeats `tick`, one at a time, until it is stopped. A wake during a tick makes the next one follow at once; after a
 * failure the rest comes first. A failure is logged when it begins and when a tick succeeds again, not each time.
 */
export function createLoop(options: LoopOptions): WakeableWorker {
  const wakeSignal = createWakeSignal(options.machine)
  let stopping: AbortController | undefined
  let running: Promise<void> = Promise.resolve()

  return {
    start() {
      if (stopping) return
      stopping = new AbortController()
      running = repeat(options, wakeSignal, stopping.signal)
    },
    wake: wakeSignal.set,
    async stop() {
      stopping?.abort()
      wakeSignal.set()
      await running
    },
  }
}

async function repeat(options: LoopOptions, wakeSignal: WakeSignal, signal: AbortSignal): Promise<void> {
  const guardedTick = withFailureLog(options)
  while (!signal.aborted) {
    wakeSignal.reset()
    const { restMs, hasFailed } = await guardedTick(signal)
    if (hasFailed) await rest(restMs, signal, options.machine)
    else if (restMs > 0) await wakeSignal.wait(restMs)
  }
}

/** Waits, but no longer than until the signal is aborted. */
const rest = (ms: number, signal: AbortSignal, machine = MACHINE) =>
  new Promise<void>((resolve) => {
    const end = () => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = machine.startTimer(ms, end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })

/** Wraps the tick: never rejects, and logs when failing begins and ends. */
function withFailureLog({
  name,
  log,
  tick,
  restAfterErrorMs = 500,
}: LoopOptions): (signal: AbortSignal) => Promise<{ restMs: number; hasFailed: boolean }> {
  const failures = createFailureLog(log, name)
  return async (signal) => {
    try {
      const rest = await tick(signal, failures.markHealthy)
      if (typeof rest !== 'number') return { restMs: rest.restMs, hasFailed: false }
      failures.markHealthy()
      return { restMs: rest, hasFailed: false }
    } catch (error) {
      if (!signal.aborted) failures.failed(error)
      return { restMs: restAfterErrorMs, hasFailed: true }
    }
  }
}

/** Remembers that it was set since the last reset: a wait then, or later, ends at once. */
interface WakeSignal {
  set(): void
  reset(): void
  wait(ms: number): Promise<void>
}

function createWakeSignal(machine = MACHINE): WakeSignal {
  let isSet = false
  let resume: (() => void) | undefined

  return {
    set() {
      isSet = true
      resume?.()
    },
    reset() {
      isSet = false
    },
    wait: (ms) =>
      new Promise((resolve) => {
        if (isSet) {
          resolve()
          return
        }
        // Not an aborted delay: that makes an error with a stack for each wake, some thousand a second.
        const cancel = machine.startTimer(ms, resolve)
        resume = () => {
          resume = undefined
          cancel()
          resolve()
        }
      }),
  }
}
