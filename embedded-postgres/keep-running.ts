import { setTimeout as delay } from 'node:timers/promises'
import type { EmbeddedLog } from './embedded-log.ts'

const CHECK_INTERVAL_MS = 250
const RETRY_PAUSE_MS = 500

export interface KeepRunningOptions {
  /** Repairs what it finds broken. May take long; the signal ends it early. */
  readonly check: (signal: AbortSignal) => Promise<void>
  readonly log: EmbeddedLog
}

export interface KeepRunning {
  /** Checks at once, or once more right after a check that is under way. */
  wake(): void
  /** Resolves when no check runs and none will follow. */
  stop(): Promise<void>
}

/** Runs one check at a time, every 250 ms. Logs when checks begin to fail and when they succeed again. */
export function keepRunning({ check, log }: KeepRunningOptions): KeepRunning {
  const stopping = new AbortController()
  let waking = new AbortController()
  let isFailing = false

  async function checkOnce(): Promise<void> {
    try {
      await check(stopping.signal)
      if (isFailing) log.info({ loop: 'postgres' }, 'recovered')
      isFailing = false
    } catch (error) {
      if (stopping.signal.aborted) return
      if (!isFailing) log.warn({ loop: 'postgres', err: error }, 'failing, will be retried')
      isFailing = true
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      waking = new AbortController()
      await checkOnce()
      // A wake must not turn the pause after a failure into a busy loop.
      if (isFailing) await pause(RETRY_PAUSE_MS, stopping.signal)
      else await pause(CHECK_INTERVAL_MS, AbortSignal.any([stopping.signal, waking.signal]))
    }
  }

  const running = run()
  return {
    wake: () => waking.abort(),
    async stop() {
      stopping.abort()
      await running
    },
  }
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined)
