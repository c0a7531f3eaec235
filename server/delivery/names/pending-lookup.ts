import type { LookupAddress } from 'node:dns'
import { deferred } from '../../runtime/deferred.ts'

export type LookupResult =
  | { readonly kind: 'found'; readonly addresses: readonly LookupAddress[] }
  | { readonly kind: 'failed'; readonly code: string }

/**
 * Why a name has no address: a code of Node.js, or `EBUSY` (no room for the look-up), `ECANCELLED`, `ETIMEOUT` (nobody
 * waits for it any longer).
 */
export class LookupError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.name = 'LookupError'
    this.code = code
  }
}

/** A look-up in progress, shared by all callers that want the same name meanwhile. */
export interface PendingLookup {
  readonly id: number
  readonly name: string
  readonly addresses: Promise<readonly LookupAddress[]>
  readonly settle: (answer: LookupResult) => void
  readonly fail: (code: string) => void
  /** Notes that another caller waits for it. */
  join(): void
  /** Returns the ms since the last caller joined. */
  age(): number
  /** A process ended while it had this look-up. */
  wasLost: boolean
}

export function startLookup(id: number, name: string, onSettled: () => void): PendingLookup {
  let askedAt = performance.now()
  const { promise, resolve, reject } = deferred<readonly LookupAddress[]>()

  function settle(answer: LookupResult): void {
    onSettled()
    if (answer.kind === 'found' && answer.addresses.length > 0) resolve(answer.addresses)
    else reject(new LookupError(answer.kind === 'failed' ? answer.code : 'ENODATA'))
  }

  return {
    id,
    name,
    addresses: promise,
    settle,
    fail: (code) => settle({ kind: 'failed', code }),
    join() {
      askedAt = performance.now()
    },
    age: () => performance.now() - askedAt,
    wasLost: false,
  }
}
