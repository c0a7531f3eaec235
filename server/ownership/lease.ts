import { randomUUID } from 'node:crypto'
import type { Database } from '../db/database.ts'
import { register, removeDispatcher, renewLease } from './store.ts'

/** How long others leave us alone after a renewal, by the database's clock. */
const LEASE_MS = 4000
/** Stop sending this much before others may begin. */
const SAFETY_MS = 1000

export interface LeaseParts {
  readonly db: Database
  /** Where this process can be found. */
  readonly address: () => string
  /** The newest format of record that it reads. */
  readonly format: number
  /** Monotonic clock in ms; goes on while a process is stopped. */
  readonly clock: () => number
}

/** This process among the living. */
export interface Lease {
  readonly ownerId: string
  /** Counted from before the last successful renewal, less a second, so it ends before others may begin. */
  isHeld(): boolean
  /**
   * Answers false when others had declared this owner dead: it stays dead. The next call goes on under a new id, with
   * nothing. `isLeaving`: the others share the partitions among themselves.
   */
  renew(options: { readonly isLeaving: boolean }): Promise<boolean>
  end(): Promise<void>
}

export function createLease({ db, address, format, clock }: LeaseParts): Lease {
  let ownerId = randomUUID()
  let isRegistered = false
  let heldUntil = -Infinity

  return {
    get ownerId() {
      return ownerId
    },
    isHeld: () => clock() < heldUntil,
    async renew({ isLeaving }) {
      const startedAt = clock()
      const registration = { id: ownerId, address: address(), format, isLeaving }
      if (isRegistered && (await renewLease(db, registration, LEASE_MS)).length === 0) {
        heldUntil = -Infinity
        isRegistered = false
        ownerId = randomUUID()
        return false
      }
      if (!isRegistered) await register(db, registration, LEASE_MS)
      isRegistered = true
      heldUntil = startedAt + LEASE_MS - SAFETY_MS
      return true
    },
    async end() {
      heldUntil = -Infinity
      if (isRegistered) await removeDispatcher(db, ownerId)
      isRegistered = false
    },
  }
}
