import type { Database } from '../db/database.ts'
import type { Holding } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import type { Share } from './allot.ts'
import type { BusyLanes } from './busy-lanes.ts'
import type { Hints, HintSnapshot, Pair } from './hints.ts'
import { claimHeads, readNextDue, scanPairs, type ClaimedHead, type DeliveryMethod } from './lane.ts'

/** Event text claimed at once. */
const CLAIM_BYTES = 16 * 1024 * 1024
/** A pair that is due but gives nothing (its lanes belong to somebody else by now) is looked at again after this. */
const LOOK_AGAIN_MS = 250
const SCAN_EVERY_MS = 5000
const SCAN_AFTER_FAILURE_MS = 1000

export interface ClaimerParts {
  /** Lanes of other methods are not looked at. */
  readonly method: DeliveryMethod
  readonly db: Database
  readonly hints: Hints
  readonly busy: BusyLanes
  readonly holding: () => Holding
  readonly clock: () => number
  readonly log: Log
}

/** Reads due heads, and keeps the hints in step with what it found. */
export interface Claimer {
  /** Hands each head on before it looks for what comes later. */
  claim(shares: readonly Share[], onHead: (head: ClaimedHead) => void): Promise<void>
  /** Looks through all lanes of the owned partitions for pairs, when it is time to. */
  scanIfDue(): Promise<'not_due' | 'done' | 'failed'>
  /** The next scan is due at once. */
  rescan(): void
  /** Monotonic ms of the next scan. */
  readonly nextScanAt: number
}

export function createClaimer({ method, db, hints, busy, holding, clock, log }: ClaimerParts): Claimer {
  const failures = createFailureLog(log, `scan ${method}`)
  let nextScanAt = -Infinity
  const scanSoon = () => void (nextScanAt = -Infinity)

  /** A partition may have been let go while it was asked. */
  const isOurs = (head: ClaimedHead) => holding().epochs.get(head.partition) === head.epoch

  /** Pairs that gave fewer heads than asked have no more for now; the ones with retries say when to look again. */
  async function retireExhausted(shares: readonly Share[], heads: readonly ClaimedHead[]): Promise<void> {
    if (bytesOf(heads) >= CLAIM_BYTES) return
    const given = countByPair(heads)
    const exhausted = shares.filter(({ pair, limit }) => (given.get(keyOf(pair)) ?? 0) < limit).map(({ pair }) => pair)
    const nextDue = await nextDueOf(exhausted.filter((pair) => pair.hasLater))
    for (const pair of exhausted) {
      const inMs = nextDue.get(keyOf(pair))
      const leastMs = given.has(keyOf(pair)) ? 0 : LOOK_AGAIN_MS
      hints.exhausted(pair, inMs === undefined ? undefined : clock() + Math.max(leastMs, inMs))
    }
  }

  async function nextDueOf(pairs: readonly HintSnapshot[]): Promise<Map<string, number>> {
    const rows = pairs.length === 0 ? [] : await readNextDue(db, method, pairs, busy.all())
    return new Map(rows.map((row) => [keyOf(row), row.inMs]))
  }

  async function scan(): Promise<void> {
    hints.dropLost()
    for (const pair of await scanPairs(db, method, [...holding().epochs.keys()])) hints.add(pair, clock() + Math.max(0, pair.inMs), { hasLater: true })
  }

  return {
    async claim(shares, onHead) {
      hints.asked(shares.map(({ pair }) => pair))
      try {
        const heads = await claimHeads(db, { method, holding: holding(), perPair: shares, bytes: CLAIM_BYTES, busy: busy.all() })
        for (const head of heads.filter(isOurs)) {
          busy.add(head)
          onHead(head)
        }
        await retireExhausted(shares, heads)
      } catch (error) {
        scanSoon()
        throw error
      }
    },
    async scanIfDue() {
      const startedAt = clock()
      if (startedAt < nextScanAt) return 'not_due'
      // Set before the scan: whoever asks for another one while it runs gets it.
      nextScanAt = startedAt + SCAN_EVERY_MS
      try {
        await scan()
        failures.worked()
        return 'done'
      } catch (error) {
        // Claims have their turn between scans that fail.
        failures.failed(error)
        nextScanAt = clock() + SCAN_AFTER_FAILURE_MS
        return 'failed'
      }
    },
    rescan: scanSoon,
    get nextScanAt() {
      return nextScanAt
    },
  }
}

const keyOf = ({ partition, addressKey }: Pair) => `${partition} ${addressKey}`
const bytesOf = (heads: readonly ClaimedHead[]) => heads.reduce((sum, head) => sum + Buffer.byteLength(head.eventText), 0)

function countByPair(heads: readonly ClaimedHead[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const head of heads) counts.set(keyOf(head), (counts.get(keyOf(head)) ?? 0) + 1)
  return counts
}
