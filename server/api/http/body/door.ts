import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFairQueue } from '../../../runtime/fair-queue.ts'
import type { Log } from '../../../log.ts'
import { createLogRateLimit } from '../../../runtime/log-rate-limit.ts'
import { MACHINE, type Machine } from '../../../runtime/machine.ts'
import { AppError } from '../../errors.ts'
import { onRequestEnd } from '../request-end.ts'
import { expectedBytes } from './body-budget.ts'
import { createShares } from './shares.ts'

/** What requests of services that are inside may take. */
const INSIDE_BYTES = 48 * 1024 * 1024
/** What those that wait outside may take. */
const OUTSIDE_BYTES = 64 * 1024 * 1024
/** How long one waits. The rest of the 5 s in which a publish has its answer is for the write. */
const PATIENCE_MS = 3000
const CHECK_MS = 50

/** A request without its body: connection, headers, what the service makes of them. */
const REQUEST_BYTES = 16 * 1024
/** What has come of a body with its headers, before anybody reads it. */
const UNREAD_BYTES = 64 * 1024
/** A record without its body. */
const RECORD_BYTES = 1024
/** An event of a batch has at least so many. */
const SMALLEST_EVENT_BYTES = 50

/**
 * Where the requests of services wait before their bodies are read, as long as those inside take all the memory there
 * is for them. Tenants have shares of it and take turns. What waits costs next to nothing: its body is still with the
 * sender.
 */
export interface Door {
  /**
   * Takes room for a request until it is over. Returns, or resolves with, how long it had to wait for it, in ms.
   * Rejects with NTFAPI_BUSY (503) when there was none for 3 s, or at once when too many of this tenant wait.
   */
  enter(request: IncomingMessage, response: ServerResponse, guest: Guest): number | Promise<number>
}

export interface Guest {
  readonly tenant: string
  readonly maxBodyBytes: number
  /** In one body. */
  readonly maxEvents: number
}

export interface DoorDeps {
  readonly log: Log
  readonly insideBytes?: number
  readonly outsideBytes?: number
  readonly machine?: Machine
}

interface Waiting {
  readonly tenant: string
  readonly bytes: number
  readonly outsideBytes: number
  readonly since: number
  readonly admit: (waitedMs: number) => void
  readonly refuse: (error: AppError) => void
}

export function createDoor({
  log,
  insideBytes = INSIDE_BYTES,
  outsideBytes = OUTSIDE_BYTES,
  machine = MACHINE,
}: DoorDeps): Door {
  const inside = createShares(insideBytes)
  const outside = createOutside(outsideBytes)
  const limit = createLogRateLimit()
  let isChecking = false

  function busy(tenant: string): AppError {
    limit(tenant, (suppressed) => log.warn({ tenant, suppressed }, 'no room for requests of a tenant'))
    return new AppError('NTFAPI_BUSY', { retryAfterS: 1 })
  }

  function giveBack(tenant: string, bytes: number): void {
    inside.giveBack(tenant, bytes)
    for (;;) {
      const next = outside.next((one) => inside.fits(one.tenant, one.bytes))
      if (next === undefined) return
      inside.take(next.tenant, next.bytes)
      next.admit(machine.now() - next.since)
    }
  }

  function refuseAll(isToGo: (waiting: Waiting) => boolean): void {
    for (const waiting of outside.remove(isToGo)) waiting.refuse(busy(waiting.tenant))
  }

  /** Looks, as long as somebody waits, who has waited for too long. */
  function check(): void {
    isChecking = outside.size > 0
    if (!isChecking) return
    machine.startTimer(CHECK_MS, () => {
      refuseAll(({ since }) => since + PATIENCE_MS <= machine.now())
      check()
    })
  }

  /** Resolves with how long it took. Nothing is to be given back when `leave` is called before. */
  function wait(guest: Omit<Waiting, 'since' | 'admit' | 'refuse'>, onLeave: (leave: () => void) => void) {
    return new Promise<number>((admit, refuse) => {
      let isInside = false
      const enter = (waitedMs: number) => {
        isInside = true
        admit(waitedMs)
      }
      const waiting = { ...guest, since: machine.now(), admit: enter, refuse }
      outside.add(waiting)
      if (!isChecking) check()
      onLeave(() => {
        if (isInside) giveBack(guest.tenant, guest.bytes)
        else refuseAll((one) => one === waiting)
      })
    })
  }

  return {
    enter(request, response, { tenant, maxBodyBytes, maxEvents }) {
      const bodyBytes = expectedBytes(request, maxBodyBytes)
      if (bodyBytes === 0) return 0
      const bytes = memoryBytes(bodyBytes, maxEvents)
      if (!outside.has(tenant) && inside.fits(tenant, bytes)) {
        inside.take(tenant, bytes)
        onRequestEnd(request, response, () => giveBack(tenant, bytes))
        return 0
      }
      const guest = { tenant, bytes, outsideBytes: REQUEST_BYTES + Math.min(bodyBytes, UNREAD_BYTES) }
      if (!outside.fits(guest)) throw busy(tenant)
      return wait(guest, (leave) => onRequestEnd(request, response, leave))
    },
  }
}

/** Those who wait, with the room that they take. */
function createOutside(totalBytes: number) {
  const shares = createShares(totalBytes)
  const queue = createFairQueue<Waiting>({ tenantOf: ({ tenant }) => tenant, costOf: ({ bytes }) => bytes })
  const counts = new Map<string, number>()

  function count({ tenant, outsideBytes }: Waiting, change: 1 | -1): void {
    shares.take(tenant, change * outsideBytes)
    const now = (counts.get(tenant) ?? 0) + change
    if (now === 0) counts.delete(tenant)
    else counts.set(tenant, now)
  }

  return {
    has: (tenant: string) => counts.has(tenant),
    fits: ({ tenant, outsideBytes }: Pick<Waiting, 'tenant' | 'outsideBytes'>) => shares.fits(tenant, outsideBytes),
    add(waiting: Waiting) {
      count(waiting, 1)
      queue.add(waiting)
    },
    next(admits: (waiting: Waiting) => boolean): Waiting | undefined {
      const next = queue.next(admits)
      if (next !== undefined) count(next, -1)
      return next
    },
    remove(isToGo: (waiting: Waiting) => boolean): readonly Waiting[] {
      const removed = queue.remove(isToGo)
      for (const waiting of removed) count(waiting, -1)
      return removed
    },
    get size() {
      return queue.size
    },
  }
}

/** A body is there twice: as it came, and as the texts of its events. */
const memoryBytes = (bodyBytes: number, maxEvents: number) =>
  REQUEST_BYTES + 2 * bodyBytes + Math.min(maxEvents, Math.ceil(bodyBytes / SMALLEST_EVENT_BYTES)) * RECORD_BYTES
