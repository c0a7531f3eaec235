import { LRUCache } from 'lru-cache'
import type { Target } from '../../lanes/lane-model.ts'
import { CLOSED, isForgettable, type Breaker } from './breaker.ts'

/** Where an attempt goes. */
export type Place = Pick<Target, 'addressKey' | 'origin'>

export interface KnownBreakersOptions {
  /** Returns the server of an address. */
  readonly originOf: (place: Place) => string
  /** For so long it matters that a breaker was closed. */
  readonly wokenMs: number
  /** How many addresses and how many servers with trouble are remembered; the least recently used are forgotten. */
  readonly maxKnown: number
  readonly clock: () => number
}

/** The breakers that are not as if nothing were known. */
export interface KnownBreakers {
  /** Returns the breakers of a place: of its address, and of its server. */
  of(place: Place): readonly Breaker[]
  /** The same for an address of which only the key is known: its server may not be known. */
  ofKey(addressKey: string): readonly Breaker[]
  /** Notes which server an address has, if that matters. */
  learn(place: Place): void
  /** Whether this is an address of that server, as far as is known. */
  isAt(addressKey: string, origin: string): boolean
  /** Moves a breaker. Returns what it was, and what it is. */
  move(
    kind: 'server' | 'address',
    id: string,
    ofOne: (breaker: Breaker) => Breaker,
  ): { before: Breaker; after: Breaker }
  all(): Breaker[]
}

const NONE: readonly Breaker[] = []

export function createKnownBreakers({ originOf, wokenMs, maxKnown, clock }: KnownBreakersOptions): KnownBreakers {
  const addresses = new LRUCache<string, Breaker>({ max: maxKnown })
  const servers = new LRUCache<string, Breaker>({ max: maxKnown })
  /** The server of each address that was seen while its server had a breaker. */
  const serverOf = new LRUCache<string, string>({ max: 2 * maxKnown })

  /** Called for each head that waits: as a rule nothing is known of anybody. */
  const both = (addressKey: string, origin: string | undefined) =>
    addresses.size + servers.size === 0 ? NONE : bothKnown(addressKey, origin)

  const bothKnown = (addressKey: string, origin: string | undefined) =>
    [addresses.get(addressKey), origin === undefined ? undefined : servers.get(origin)].filter(
      (breaker) => breaker !== undefined,
    )

  return {
    of: (place) => both(place.addressKey, originOf(place)),
    ofKey: (addressKey) => both(addressKey, serverOf.get(addressKey)),
    learn(place) {
      const origin = originOf(place)
      if (servers.has(origin) && serverOf.get(place.addressKey) !== origin) serverOf.set(place.addressKey, origin)
    },
    isAt: (addressKey, origin) => serverOf.get(addressKey) === origin,
    move(kind, id, ofOne) {
      const breakers = kind === 'server' ? servers : addresses
      const before = breakers.get(id) ?? CLOSED
      const after = ofOne(before)
      if (after === before) return { before, after }
      if (isForgettable(after, clock(), wokenMs)) breakers.delete(id)
      else breakers.set(id, after)
      return { before, after }
    },
    all: () => [...addresses.values(), ...servers.values()],
  }
}
