import type { Database } from '../db/database.ts'
import { registerDispatcher, removeDispatcher, renewLease } from './ownership-store.ts'

/** How long a renewal lasts, by the database's clock. */
const LEASE_MS = 4000
/** This process stops sending so long before others may begin. */
const SAFETY_MS = 1000

export interface LeaseDeps {
  readonly db: Database
  /** Where this process can be reached. */
  readonly address: () => string
  /** The newest format of records that it reads. */
  readonly format: number
  /** Monotonic clock in ms; it advances while the process is stopped. */
  readonly clock: () => number
  /** Returns an id that nobody has. */
  readonly newId: () => string
}

/** The registration of this process as a live dispatcher. */
export interface Lease {
  readonly ownerId: string
  /** Counted from before the last successful renewal, less a second, so it ends before others may begin. */
  isHeld(): boolean
  /**
   * Returns false when others have declared this owner dead, which is final. The next call registers a new id, which
   * owns nothing. `isLeaving`: the others share the partitions among themselves.
   */
  renew(options: { readonly isLeaving: boolean }): Promise<boolean>
  end(): Promise<void>
}

export function createLease({ db, address, format, clock, newId }: LeaseDeps): Lease {
  let ownerId = newId()
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
        ownerId = newId()
        return false
      }
      if (!isRegistered) await registerDispatcher(db, registration, LEASE_MS)
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
