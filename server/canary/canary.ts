import type { Database } from '../db/database.ts'
import type { Sender } from '../delivery/sender.ts'
import type { Log } from '../log.ts'
import type { Publish } from '../publish/publish.ts'
import type { Worker } from '../runtime/loop.ts'
import { createHeartbeats } from './heartbeats.ts'
import { createCanaryListener } from './canary-listener.ts'
import { CANARY_TENANT, recordArrival } from './canary-store.ts'

export interface CanaryDeps {
  readonly db: Database
  readonly publish: Pick<Publish, 'event'>
  /** The clock of the database. */
  readonly now: () => Date
  /** Sends webhooks to 127.0.0.1, and is used for nothing else. */
  readonly sender: Sender
  readonly intervalMs: number
  readonly log: Log
}

/**
 * A liveness check from end to end: an event that is published, stored, dispatched, matched, claimed, sent as a webhook
 * and settled like every other. The process that sends it also receives it.
 */
export interface Canary extends Worker {
  /** Returns a sender that sends canaries to the listener of this process, and the rest by the given sender. */
  wrapSender(others: Sender): Sender
}

const NOT_LISTENING = { kind: 'failed', reason: 'connect_refused', stage: 'connect', durationMs: 0 } as const

export function createCanary({ db, publish, now, sender, intervalMs, log }: CanaryDeps): Canary {
  const heartbeats = createHeartbeats({ db, publish, now, intervalMs, log })
  const listener = createCanaryListener({ onArrival: (eventUuid) => recordArrival(db, eventUuid), log })

  return {
    wrapSender: (next) => ({
      send(request) {
        if (request.tenant !== CANARY_TENANT) return next.send(request)
        const url = request.address === heartbeats.address() ? listener.url() : undefined
        return url === undefined ? Promise.resolve(NOT_LISTENING) : sender.send({ ...request, address: url })
      },
      close: next.close,
    }),
    start() {
      for (const worker of [listener, heartbeats]) worker.start()
    },
    async stop() {
      await heartbeats.stop()
      await sender.close()
      await listener.stop()
    },
  }
}
