import type { Database } from '../db/database.ts'
import type { Sender } from '../delivery/sender.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import type { Worker } from '../runtime/loop.ts'
import { createBeats } from './beats.ts'
import { createCanaryListener } from './listener.ts'
import { CANARY_TENANT, noteArrival } from './store.ts'

export interface CanaryParts {
  readonly db: Database
  readonly publish: Pick<Publish, 'event'>
  /** The database's clock. */
  readonly now: () => Date
  /** Sends webhooks to 127.0.0.1, and is asked for nothing else. */
  readonly sender: Sender
  readonly intervalMs: number
  readonly log: Log
}

/**
 * A liveness event that goes the way of every event: published, stored, dispatched, matched, claimed, sent as a webhook,
 * settled. Its receiver is the process that sends it.
 */
export interface Canary extends Worker {
  /** Sends what is the canary's to the listener of this process, and everything else by the given sender. */
  around(others: Sender): Sender
}

const NOT_LISTENING = { kind: 'failed', reason: 'connect_refused', stage: 'connect', durationMs: 0 } as const

export function createCanary({ db, publish, now, sender, intervalMs, log }: CanaryParts): Canary {
  const beats = createBeats({ db, publish, now, intervalMs, log })
  const listener = createCanaryListener({ onArrival: (eventUuid) => noteArrival(db, eventUuid), log })

  return {
    around: (others) => ({
      send(request) {
        if (request.tenant !== CANARY_TENANT) return others.send(request)
        const url = request.address === beats.address() ? listener.url() : undefined
        return url === undefined ? Promise.resolve(NOT_LISTENING) : sender.send({ ...request, address: url })
      },
      close: others.close,
    }),
    start() {
      for (const worker of [listener, beats]) worker.start()
    },
    async stop() {
      await beats.stop()
      await sender.close()
      await listener.stop()
    },
  }
}
