import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Claims } from './jwt.ts'

const MAX_ENTRIES = 10_000
const MAX_BYTES = 16 * 1024 * 1024
const OVERHEAD_BYTES = 512 // key, entry and the claims object itself

/**
 * Caches the claims of tokens whose signature was verified. Nothing else: no rejection, and nothing that depends on
 * headers or the time.
 */
export interface VerifiedTokens {
  /** Undefined unless verified with the keys of this generation. The caller still checks the times. */
  get(token: string, generation: number): Claims | undefined
  /** Ignored when the keys of `generation` are no longer current. */
  put(token: string, generation: number, claims: Claims): void
  readonly size: number
}

export interface VerifiedTokensOptions {
  readonly maxEntries?: number
  readonly maxBytes?: number
}

/**
 * Creates a cache that is cleared when the generation of keys rises. Keyed by a hash: a heap dump contains no usable
 * token.
 */
export function createVerifiedTokens({
  maxEntries = MAX_ENTRIES,
  maxBytes = MAX_BYTES,
}: VerifiedTokensOptions = {}): VerifiedTokens {
  const entries = new LRUCache<string, Claims>({ max: maxEntries, maxSize: maxBytes })
  let newest = 0

  function moveTo(generation: number): void {
    if (generation <= newest) return
    newest = generation
    entries.clear()
  }

  return {
    get(token, generation) {
      moveTo(generation)
      return generation === newest ? entries.get(hashOf(token)) : undefined
    },
    put(token, generation, claims) {
      moveTo(generation)
      // The claims come out of the token, so two bytes a character of it are an upper bound of their texts.
      if (generation === newest) entries.set(hashOf(token), claims, { size: OVERHEAD_BYTES + 2 * token.length })
    },
    get size() {
      return entries.size
    },
  }
}

const hashOf = (token: string) => hash('sha256', token, 'base64url')
