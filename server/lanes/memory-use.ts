import type { DispatchedEvent } from './known-rows.ts'
import type { Lane, SharedEvent, Waiting } from './lane-model.ts'

/** Texts of events that are kept in memory; later ones are read from the table when they are sent. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024

/** Counts what is in memory, and keeps the texts of events for their notifications. */
export interface MemoryUse {
  /** Returns an event for its notifications to share, with its text if that is known and there is room. */
  share(partition: number, position: number, known?: DispatchedEvent): SharedEvent
  /** A notification came into memory. */
  added(lane: Lane, waiting: Waiting): void
  /** It is no longer there. */
  forgotten(lane: Lane, waiting: Waiting): void
  /** Notifications in memory. */
  readonly size: number
  /** The same by tenant. */
  readonly ofTenant: ReadonlyMap<string, number>
}

export function createMemoryUse(): MemoryUse {
  const ofTenant = new Map<string, number>()
  let textBytes = 0
  let size = 0

  function count(tenant: string, change: 1 | -1): void {
    size += change
    const after = (ofTenant.get(tenant) ?? 0) + change
    if (after === 0) ofTenant.delete(tenant)
    else ofTenant.set(tenant, after)
  }

  return {
    share(partition, position, known) {
      const text = textBytes < MAX_TEXT_BYTES ? known?.text : undefined
      textBytes += text?.body.length ?? 0
      return { partition, position, deletesSubscriptions: known?.deletesSubscriptions, text, users: 0 }
    },
    added(lane, { event }) {
      count(lane.target.tenant, 1)
      event.users += 1
    },
    forgotten(lane, { event }) {
      count(lane.target.tenant, -1)
      event.users -= 1
      if (event.users > 0) return
      textBytes -= event.text?.body.length ?? 0
      event.text = undefined
    },
    get size() {
      return size
    },
    ofTenant,
  }
}
