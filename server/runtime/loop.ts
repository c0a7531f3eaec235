import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { startDeadline } from './deadline.ts'
import { createFailureLog } from './failure-log.ts'

/** Something that runs in the background. Both calls may come twice or in any order; `stop` resolves when all work is finished. */
export interface Worker {
  start(): void
  stop(): Promise<void>
}

/** A worker that others may wake before its time. */
export interface WakeableWorker extends Worker {
  wake(): void
}

/** A turn that had nothing to do: a fault, if there is one, may last. */
export interface Untried {
  /** As of any other turn. */
  readonly restMs: number
}

export interface LoopParts {
  readonly name: string
  readonly log: Log
  /**
   * One turn. Answers how long to rest before the next in ms; 0 means at once. A turn that lasts as long as all is well calls
   * `works` when it has what it needs.
   */
  readonly turn: (signal: AbortSignal, works: () => void) => Promise<number | Untried>
  /** Rest after a turn that rejected, in ms. */
  readonly restAfterErrorMs?: number
}

/**
 * Repeats `turn`, one at a time. A wake during a turn makes the next follow at once, but for a turn that failed: that
 * one rests first. A failure is logged when it begins and when a turn has done its work again, not each time, and the turn is
 * repeated for ever.
 */
export function createLoop(parts: LoopParts): WakeableWorker {
  const bell = createBell()
  let stopping: AbortController | undefined
  let running: Promise<void> = Promise.resolve()

  return {
    start() {
      if (stopping) return
      stopping = new AbortController()
      running = repeat(parts, bell, stopping.signal)
    },
    wake: bell.ring,
    async stop() {
      stopping?.abort()
      bell.ring()
      await running
    },
  }
}

async function repeat(parts: LoopParts, bell: Bell, signal: AbortSignal): Promise<void> {
  const guarded = guard(parts)
  while (!signal.aborted) {
    bell.mute()
    const { restMs, hasFailed } = await guarded(signal)
    if (hasFailed) await delay(restMs, undefined, { signal }).catch(() => undefined)
    else if (restMs > 0) await bell.wait(restMs)
  }
}

/** A turn that never rejects, and logs when failing begins and ends. */
function guard({ name, log, turn, restAfterErrorMs = 500 }: LoopParts): (signal: AbortSignal) => Promise<{ restMs: number; hasFailed: boolean }> {
  const failures = createFailureLog(log, name)
  return async (signal) => {
    try {
      const rest = await turn(signal, failures.worked)
      if (typeof rest !== 'number') return { restMs: rest.restMs, hasFailed: false }
      failures.worked()
      return { restMs: rest, hasFailed: false }
    } catch (error) {
      if (!signal.aborted) failures.failed(error)
      return { restMs: restAfterErrorMs, hasFailed: true }
    }
  }
}

/** Remembers that it was rung since it was muted; whoever waits then, or later, goes on at once. */
interface Bell {
  ring(): void
  mute(): void
  wait(ms: number): Promise<void>
}

function createBell(): Bell {
  let isRung = false
  let goOn: (() => void) | undefined

  return {
    ring() {
      isRung = true
      goOn?.()
    },
    mute() {
      isRung = false
    },
    wait: (ms) => new Promise((resolve) => {
      if (isRung) {
        resolve()
        return
      }
      // Not an aborted delay: that makes an error with a stack for each wake, some thousand a second.
      const cancel = startDeadline(ms, resolve)
      goOn = () => {
        goOn = undefined
        cancel()
        resolve()
      }
    }),
  }
}
