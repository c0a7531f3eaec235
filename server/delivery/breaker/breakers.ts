import { LRUCache } from 'lru-cache'
import type { Target } from '../../lanes/lane-model.ts'
import type { AttemptResult } from '../send-result.ts'
import {
  CLOSED,
  begun,
  failed,
  heldUntil,
  isForgettable,
  roomIn,
  succeeded,
  withdrawn,
  type Breaker,
  type WaitMs,
  type Woken,
} from './breaker.ts'
import { verdictOn } from './verdict.ts'

/** Where an attempt goes. */
export type Place = Pick<Target, 'addressKey' | 'origin'>

/** A lane whose head goes there. */
export interface Sent {
  readonly key: string
  readonly target: Place
}

export interface BreakerChange {
  /** Undefined: of the server, so of all its addresses. */
  readonly addressKey: string | undefined
  readonly origin: string
  readonly before: Breaker
  readonly after: Breaker
  /** What the attempt before has come to. */
  readonly result: AttemptResult
}

export interface BreakersDeps {
  /** Returns the server of an address; its origin, unless given. */
  readonly originOf?: (place: Place) => string
  /** Returns the wait after so many failures; `result`: of the last, which may have asked for more. */
  readonly waitMs: (attempts: number, result: AttemptResult) => number
  /** For so long after a breaker was closed there may be lanes to be woken. */
  readonly wokenMs: number
  /** Failed probes after which whoever is past the horizon need not be sent any more. */
  readonly hopelessProbes: number
  /** A breaker was opened, or closed. */
  readonly onChange: (change: BreakerChange) => void
  /** The lanes of these addresses that have failed may be sent again. */
  readonly onWake: (isWoken: (addressKey: string) => boolean) => void
  readonly clock: () => number
  /** The clock of the database. */
  readonly now: () => Date
  /** How many addresses and how many servers with trouble are remembered; the least recently used are forgotten. */
  readonly maxKnown?: number
}

/** The breakers of the addresses and of the servers that one method sends to (docs/decisions/0033-breakers.md). */
export interface Breakers {
  /** Returns how many more attempts at this address may begin. */
  roomFor(addressKey: string): number
  /** Whether nothing may be sent there now, so that whoever wants to need not wait in memory. */
  holds(place: Place): boolean
  /** Returns until when that is so, in monotonic ms, as far as is known; undefined: it is not. */
  heldUntil(addressKey: string): number | undefined
  /** The head of this lane is to be sent; `ended` or `withdrawn` follows. */
  begun(lane: Sent): void
  /** `startedAt`: monotonic ms. */
  ended(lane: Sent, result: AttemptResult, startedAt: number): void
  /** It was not sent after all. */
  withdrawn(lane: Sent): void
  /** Returns when the lanes of this address were woken, by the clock of the database; null: not lately. */
  wokenAt(addressKey: string): Date | null
  /** Whether what is past its horizon behind this breaker has ended: as many probes have failed as it would need. */
  isHopeless(addressKey: string): boolean
  hasHopeless(): boolean
}

const MAX_KNOWN = 50_000
/** Of a server that cannot be reached. It may be our network, and then all servers wait for this. */
const MAX_UNREACHED_WAIT_MS = 60_000

export function createBreakers(deps: BreakersDeps): Breakers {
  const { waitMs, wokenMs, hopelessProbes, onChange, onWake, clock, maxKnown = MAX_KNOWN } = deps
  const originOf = deps.originOf ?? ((place: Place) => place.origin)
  const addresses = new LRUCache<string, Breaker>({ max: maxKnown })
  const servers = new LRUCache<string, Breaker>({ max: maxKnown })
  /** The server of each address that was seen while its server had a breaker. */
  const serverOf = new LRUCache<string, string>({ max: 2 * maxKnown })

  function put(breakers: LRUCache<string, Breaker>, key: string, breaker: Breaker): void {
    if (isForgettable(breaker, clock(), wokenMs)) breakers.delete(key)
    else breakers.set(key, breaker)
  }

  const ofAddress = (addressKey: string) => addresses.get(addressKey)
  const ofServer = (origin: string | undefined) => (origin === undefined ? undefined : servers.get(origin))
  const bothOf = (addressKey: string) => [ofAddress(addressKey), ofServer(serverOf.get(addressKey))]

  /** Notes which server an address has, for claims know only the address. */
  function learn(place: Place): void {
    const { addressKey } = place
    const origin = originOf(place)
    if (servers.has(origin) && serverOf.get(addressKey) !== origin) serverOf.set(addressKey, origin)
  }

  function update(place: Place, ofOne: (breaker: Breaker) => Breaker): void {
    const address = addresses.get(place.addressKey)
    if (address) put(addresses, place.addressKey, ofOne(address))
    const origin = originOf(place)
    const server = servers.get(origin)
    if (server) put(servers, origin, ofOne(server))
  }

  function heldUntilOf(breakers: readonly (Breaker | undefined)[]): number | undefined {
    const now = clock()
    const times = breakers.flatMap((breaker) => (breaker && heldUntil(breaker, now)) ?? [])
    return times.length === 0 ? undefined : Math.max(...times)
  }

  return {
    roomFor(addressKey) {
      const now = clock()
      return Math.min(...bothOf(addressKey).map((breaker) => (breaker ? roomIn(breaker, now) : Infinity)))
    },
    holds(place) {
      learn(place)
      return heldUntilOf([ofAddress(place.addressKey), ofServer(originOf(place))]) !== undefined
    },
    heldUntil: (addressKey) => heldUntilOf(bothOf(addressKey)),
    begun: ({ key, target }) => update(target, (breaker) => begun(breaker, key, clock())),
    withdrawn: ({ key, target }) => update(target, (breaker) => withdrawn(breaker, key)),
    ended({ key, target }, result, startedAt) {
      const { addressKey } = target
      const origin = originOf(target)
      const now = clock()
      const wait: WaitMs = (attempts) => waitMs(attempts, result)
      const waitUnreached: WaitMs = (attempts) => Math.min(wait(attempts), MAX_UNREACHED_WAIT_MS)
      const verdict = verdictOn(result)
      const moveOf = (isGood: boolean, isBad: boolean, listed: WaitMs) => (breaker: Breaker) => {
        if (isGood) return succeeded(breaker, key, { at: now, time: deps.now() })
        if (isBad) return failed(breaker, { lane: key, startedAt, now, waitMs: listed })
        return withdrawn(breaker, key)
      }
      const moves = [
        {
          breakers: servers,
          id: origin,
          move: moveOf(verdict.server === 'reached', verdict.server === 'unreached', waitUnreached),
          change: { addressKey: undefined, origin, result },
          isWoken: (other: string) => other === addressKey || serverOf.get(other) === origin,
        },
        {
          breakers: addresses,
          id: addressKey,
          move: moveOf(verdict.address === 'works', verdict.address === 'fails', wait),
          change: { addressKey, origin: target.origin, result },
          isWoken: (other: string) => other === addressKey,
        },
      ]
      for (const { breakers, id, move, change, isWoken } of moves) {
        const before = breakers.get(id) ?? CLOSED
        const after = move(before)
        if (after === before) continue
        put(breakers, id, after)
        if (before.state === 'open' ? after.state !== 'open' : after.state === 'open')
          onChange({ ...change, before, after })
        if (before.state === 'open' && after.state !== 'open') onWake(isWoken)
      }
      learn(target)
    },
    wokenAt(addressKey) {
      const last = bothOf(addressKey)
        .flatMap((breaker) => breaker?.woken ?? [])
        .reduce<Woken | undefined>((one, other) => (one && one.at >= other.at ? one : other), undefined)
      return last && clock() - last.at < wokenMs ? last.time : null
    },
    isHopeless: (addressKey) => bothOf(addressKey).some(isHopeless),
    hasHopeless: () => [addresses, servers].some((breakers) => [...breakers.values()].some(isHopeless)),
  }

  function isHopeless(breaker: Breaker | undefined): boolean {
    return breaker?.state === 'open' && breaker.probes >= hopelessProbes
  }
}
