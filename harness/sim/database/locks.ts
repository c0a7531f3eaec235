/** `share` excludes `update`; `update` excludes both. */
export type LockMode = 'share' | 'update'

/** A transaction, for the locks. */
export interface LockOwner {
  readonly held: Map<string, LockMode>
  /** The lock that it waits for. */
  waitingFor: { readonly key: string; readonly mode: LockMode } | undefined
}

interface Waiter {
  readonly owner: LockOwner
  readonly mode: LockMode
  readonly onGranted: () => void
}

interface Lock {
  readonly holders: Map<LockOwner, LockMode>
  waiters: Waiter[]
}

/** Row locks and advisory locks of the database. Each is held until its transaction ends. */
export interface Locks {
  /** Returns false when another transaction holds a lock that excludes this one. */
  tryLock(owner: LockOwner, key: string, mode: LockMode): boolean
  /** Calls back once the lock is held. Returns false when that would be a deadlock: nothing waits then. */
  wait(owner: LockOwner, key: string, mode: LockMode, onGranted: () => void): boolean
  stopWaiting(owner: LockOwner): void
  releaseAll(owner: LockOwner): void
}

export function createLocks(): Locks {
  const locks = new Map<string, Lock>()

  const excludes = (a: LockMode, b: LockMode) => a === 'update' || b === 'update'

  function blockers(owner: LockOwner, key: string, mode: LockMode): LockOwner[] {
    const lock = locks.get(key)
    if (!lock) return []
    return [...lock.holders].filter(([other, held]) => other !== owner && excludes(held, mode)).map(([other]) => other)
  }

  function hold(owner: LockOwner, key: string, mode: LockMode): void {
    const lock = locks.get(key) ?? { holders: new Map<LockOwner, LockMode>(), waiters: [] }
    locks.set(key, lock)
    const strongest = owner.held.get(key) === 'update' ? 'update' : mode
    lock.holders.set(owner, strongest)
    owner.held.set(key, strongest)
  }

  function tryLock(owner: LockOwner, key: string, mode: LockMode): boolean {
    if (blockers(owner, key, mode).length > 0) return false
    hold(owner, key, mode)
    return true
  }

  function closesCycle(owner: LockOwner, key: string, mode: LockMode): boolean {
    const seen = new Set<LockOwner>()
    const next = blockers(owner, key, mode)
    for (let other = next.pop(); other; other = next.pop()) {
      if (other === owner) return true
      if (seen.has(other)) continue
      seen.add(other)
      if (other.waitingFor) next.push(...blockers(other, other.waitingFor.key, other.waitingFor.mode))
    }
    return false
  }

  /** First come, first served; a share lock does not wait behind one that waits to update, as in PostgreSQL. */
  function grant(key: string): void {
    const lock = locks.get(key)
    if (!lock) return
    const granted: Waiter[] = []
    lock.waiters = lock.waiters.filter((waiter) => {
      if (!tryLock(waiter.owner, key, waiter.mode)) return true
      waiter.owner.waitingFor = undefined
      granted.push(waiter)
      return false
    })
    if (lock.holders.size === 0 && lock.waiters.length === 0) locks.delete(key)
    for (const { onGranted } of granted) onGranted()
  }

  return {
    tryLock,
    wait(owner, key, mode, onGranted) {
      if (closesCycle(owner, key, mode)) return false
      const lock = locks.get(key)
      if (!lock) throw new Error(`nobody holds ${key}`)
      owner.waitingFor = { key, mode }
      lock.waiters.push({ owner, mode, onGranted })
      return true
    },
    stopWaiting(owner) {
      const lock = owner.waitingFor && locks.get(owner.waitingFor.key)
      if (lock) lock.waiters = lock.waiters.filter((waiter) => waiter.owner !== owner)
      owner.waitingFor = undefined
    },
    releaseAll(owner) {
      const keys = [...owner.held.keys()]
      owner.held.clear()
      for (const key of keys) locks.get(key)?.holders.delete(owner)
      for (const key of keys) grant(key)
    },
  }
}
