import { setTimeout as delay } from 'node:timers/promises'
import type { PublisherQuestions } from './publisher-questions.ts'
import type { Helper } from './questions.ts'
import type { ReceiverQuestions } from './receiver-questions.ts'

const POLL_MS = 50

export interface HoldBacklogOptions {
  readonly publisher: Helper<PublisherQuestions>
  readonly receiver: Helper<ReceiverQuestions>
  readonly scenario: { readonly endpoints: readonly unknown[] }
  /** In events. */
  readonly maxBacklog: number
}

/**
 * Makes the publisher pause while too many events are under way. A service that accepts faster than it delivers would
 * otherwise be measured while it hoards, and not at what it can sustain.
 */
export function holdBacklog({ publisher, receiver, scenario, maxBacklog }: HoldBacklogOptions): {
  stop(): Promise<void>
} {
  const stopping = new AbortController()
  const { signal } = stopping

  async function run(): Promise<void> {
    let isHeld = false
    while (!signal.aborted) {
      const [{ accepted }, { unique }] = await Promise.all([
        publisher.ask('counts', null),
        receiver.ask('counts', null),
      ])
      const isTooMuch = accepted - unique / scenario.endpoints.length > maxBacklog
      if (isTooMuch !== isHeld) await publisher.ask('hold', isTooMuch)
      isHeld = isTooMuch
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  const running = run()
  running.catch(() => undefined) // the measurement itself fails when a process is gone
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
