import type { LookupAddress } from 'node:dns'

export type NameAnswer = { readonly kind: 'found'; readonly addresses: readonly LookupAddress[] } | { readonly kind: 'failed'; readonly code: string }

/** Why a name has no address, by the code of Node.js or of ours: `EBUSY` (no room for it), `ECANCELLED`, `ETIMEOUT` (given up). */
export class NameError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.name = 'NameError'
    this.code = code
  }
}

/** A name that is being looked up, once for all who ask meanwhile. */
export interface LookUp {
  readonly id: number
  readonly name: string
  readonly addresses: Promise<readonly LookupAddress[]>
  readonly settle: (answer: NameAnswer) => void
  readonly fail: (code: string) => void
  /** Somebody asks again. */
  join(): void
  /** ms since somebody asked. */
  age(): number
  /** A helper died over it. */
  wasLost: boolean
}

export function beginLookUp(id: number, name: string, onSettled: () => void): LookUp {
  let settle: LookUp['settle'] = () => undefined
  let askedAt = performance.now()
  const addresses = new Promise<readonly LookupAddress[]>((resolve, reject) => {
    settle = (answer) => {
      onSettled()
      if (answer.kind === 'found' && answer.addresses.length > 0) resolve(answer.addresses)
      else reject(new NameError(answer.kind === 'failed' ? answer.code : 'ENODATA'))
    }
  })
  return {
    id, name, addresses, settle,
    fail: (code) => settle({ kind: 'failed', code }),
    join() {
      askedAt = performance.now()
    },
    age: () => performance.now() - askedAt,
    wasLost: false,
  }
}
