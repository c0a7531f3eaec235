import { setMaxListeners } from 'node:events'
import type { Ownership } from '../db/fence.ts'
import type { Machine } from '../runtime/machine.ts'
import { within } from '../runtime/within.ts'
import { bodyOf, headOf, type Head } from './attempt.ts'
import type { Deletions } from '../lanes/deletions.ts'
import type { EventText, Lane } from '../lanes/lane-model.ts'
import type { PartitionLanes } from '../lanes/lane-model.ts'
import type { AttemptResult } from './send-result.ts'
import type { Sender } from './sender.ts'
import type { Slots } from './slots.ts'

/** How long attempts on the wire may take to end when their partition is released, before they are aborted. */
const DRAIN_MS = 5000

export interface WireDeps {
  readonly sender: Pick<Sender, 'send'>
  readonly deletions: Pick<Deletions, 'isFresh' | 'renew'>
  readonly ownership: Pick<Ownership, 'isLeaseHeld'>
  /** Whether new attempts may begin in this partition. */
  readonly isOpen: (home: PartitionLanes) => boolean
  readonly slots: Slots
  readonly onResult: (lane: Lane, head: Head, result: AttemptResult) => void
  /** Called when the head was not sent: its lane is as it was. */
  readonly onNotSent: (lane: Lane) => void
  readonly clock: () => number
  readonly machine?: Machine | undefined
}

/** Sends heads, and keeps track of the attempts on the wire. */
export interface Wire {
  /** Sends the head of this lane. */
  send(lane: Lane, text: EventText): void
  /**
   * Waits up to 5 s for the attempts on the wire, of one partition or of all, then aborts the rest. Returns how many it
   * aborted.
   */
  drain(partition?: number): Promise<number>
  /** Aborts the attempts of this partition from before it was lost. Resolves when they have ended. */
  abortFormer(home: PartitionLanes): Promise<void>
}

/** The attempts of a partition; one signal aborts them all. */
interface OnWire {
  readonly home: PartitionLanes
  readonly aborter: AbortController
  /** Each resolves when its attempt has ended. */
  readonly attempts: Set<Promise<void>>
}

export function createWire({
  sender,
  deletions,
  ownership,
  isOpen,
  slots,
  onResult,
  onNotSent,
  clock,
  machine,
}: WireDeps): Wire {
  const onWire = new Map<PartitionLanes, OnWire>()
  /** Aborted, and not over yet. */
  const ending = new Set<OnWire>()

  /** Called in the tick in which the request is written: lease, epoch and the state of the subscription still hold. */
  const maySend = ({ home, target }: Lane) =>
    ownership.isLeaseHeld() && isOpen(home) && !target.isCancelled && deletions.isFresh()

  /** Never rejects: the sender returns every failure as a value. */
  async function send(lane: Lane, text: EventText, signal: AbortSignal): Promise<void> {
    const head = headOf(lane, text, clock())
    const body = Buffer.from(bodyOf(head, text))
    const { addressKey, address, tenant } = lane.target
    slots.take(addressKey, body.length)
    const takenAt = clock()
    const result = await sender.send({
      uuid: head.uuid,
      tenant,
      address,
      body,
      signal,
      maySend: () => maySend(lane),
      renew: deletions.renew,
    })
    const wasSent = result.kind !== 'not_sent' && result.kind !== 'aborted'
    slots.free(addressKey, body.length, wasSent ? clock() - takenAt : undefined)
    if (wasSent) onResult(lane, head, result)
    else onNotSent(lane)
  }

  function wireOf(home: PartitionLanes): OnWire {
    const known = onWire.get(home)
    if (known) return known
    for (const [other, { attempts }] of onWire)
      if (other.state === 'closed' && attempts.size === 0) onWire.delete(other)
    const created = { home, aborter: new AbortController(), attempts: new Set<Promise<void>>() }
    setMaxListeners(0, created.aborter.signal) // Node.js warns from the eleventh on
    onWire.set(home, created)
    return created
  }

  /** Resolves when they have ended. What begins afterwards has another signal. */
  async function abort(those: readonly OnWire[]): Promise<void> {
    for (const one of those) {
      if (onWire.get(one.home) === one) onWire.delete(one.home)
      ending.add(one)
      one.aborter.abort()
    }
    await Promise.all(those.flatMap(({ attempts }) => [...attempts]))
    for (const one of those) ending.delete(one)
  }

  return {
    send(lane, text) {
      const { home } = lane
      const mine = wireOf(home)
      const ended: Promise<void> = send(lane, text, mine.aborter.signal).then(() => {
        mine.attempts.delete(ended)
      })
      mine.attempts.add(ended)
    },
    async drain(partition) {
      const mine = [...onWire.values()].filter(({ home }) => partition === undefined || home.partition === partition)
      const ended = Promise.all(mine.flatMap(({ attempts }) => [...attempts]))
      if (await within(DRAIN_MS, ended, machine)) return 0
      const late = mine.reduce((sum, { attempts }) => sum + attempts.size, 0)
      await abort(mine)
      await ended
      return late
    },
    abortFormer: (current) =>
      abort(
        [...onWire.values(), ...ending].filter(({ home }) => home.partition === current.partition && home !== current),
      ),
  }
}
