import type { AttemptResult } from '../send-result.ts'
import {
  begun,
  failed,
  heldUntil,
  roomIn,
  succeeded,
  withdrawn,
  type Breaker,
  type WaitMs,
  type Woken,
} from './breaker.ts'
import { createKnownBreakers, type Place } from './known-breakers.ts'
import { verdictOn } from './verdict.ts'

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
  const { waitMs, wokenMs, hopelessProbes, onChange, onWake, clock, now, maxKnown = MAX_KNOWN } = deps
  const originOf = deps.originOf ?? ((place: Place) => place.origin)
  const known = createKnownBreakers({ originOf, wokenMs, maxKnown, clock })
  const isHopeless = (breaker: Breaker) => breaker.state === 'open' && breaker.probes >= hopelessProbes

  /** The latest of both, for both must admit an attempt. */
  function latestOf(breakers: readonly Breaker[]): number | undefined {
    const times = breakers.flatMap((breaker) => heldUntil(breaker, clock()) ?? [])
    return times.length === 0 ? undefined : Math.max(...times)
  }

  function moveBoth(place: Place, ofOne: (breaker: Breaker) => Breaker): void {
    known.move('server', originOf(place), ofOne)
    known.move('address', place.addressKey, ofOne)
  }

  function judge(
    { kind, id }: { readonly kind: 'server' | 'address'; readonly id: string },
    { target, result, ofOne }: { target: Place; result: AttemptResult; ofOne: (breaker: Breaker) => Breaker },
  ): void {
    const { before, after } = known.move(kind, id, ofOne)
    const wasOpen = before.state === 'open'
    if (wasOpen === (after.state === 'open')) return
    const { addressKey } = target
    const ofAddress = kind === 'address'
    const origin = ofAddress ? target.origin : id
    onChange({ addressKey: ofAddress ? addressKey : undefined, origin, before, after, result })
    if (wasOpen) onWake((other) => other === addressKey || (!ofAddress && known.isAt(other, id)))
  }

  return {
    roomFor: (addressKey) => Math.min(...known.ofKey(addressKey).map((breaker) => roomIn(breaker, clock())), Infinity),
    holds(place) {
      known.learn(place)
      return latestOf(known.of(place)) !== undefined
    },
    heldUntil: (addressKey) => latestOf(known.ofKey(addressKey)),
    begun: ({ key, target }) => moveBoth(target, (breaker) => begun(breaker, key, clock())),
    withdrawn: ({ key, target }) => moveBoth(target, (breaker) => withdrawn(breaker, key)),
    ended({ key, target }, result, startedAt) {
      const at = clock()
      const verdict = verdictOn(result)
      const moveOf = (isGood: boolean, isBad: boolean, listed: WaitMs) => (breaker: Breaker) => {
        if (isGood) return succeeded(breaker, key, { at, time: now() })
        if (isBad) return failed(breaker, { lane: key, startedAt, now: at, waitMs: listed })
        return withdrawn(breaker, key)
      }
      const wait: WaitMs = (attempts) => waitMs(attempts, result)
      const waitUnreached: WaitMs = (attempts) => Math.min(wait(attempts), MAX_UNREACHED_WAIT_MS)
      const isUnreached = verdict.server === 'unreached'
      // Silence does not open it, but has not closed one that is open either: the next probe waits, too.
      const isSilent = verdict.server === 'unknown' && verdict.address === 'fails'
      const ofServer = (breaker: Breaker) =>
        moveOf(
          verdict.server === 'reached',
          isUnreached || (isSilent && breaker.state === 'open'),
          waitUnreached,
        )(breaker)
      const ofAddress = moveOf(verdict.address === 'works', verdict.address === 'fails', wait)
      judge({ kind: 'server', id: originOf(target) }, { target, result, ofOne: ofServer })
      judge({ kind: 'address', id: target.addressKey }, { target, result, ofOne: ofAddress })
      known.learn(target)
    },
    wokenAt(addressKey) {
      const last = known
        .ofKey(addressKey)
        .flatMap(({ woken }) => woken ?? [])
        .reduce<Woken | undefined>((one, other) => (one && one.at >= other.at ? one : other), undefined)
      return last && clock() - last.at < wokenMs ? last.time : null
    },
    isHopeless: (addressKey) => known.ofKey(addressKey).some(isHopeless),
    hasHopeless: () => known.all().some(isHopeless),
  }
}
