import type { Held } from '../db/fence.ts'
import { within } from '../runtime/deadline.ts'
import { bodyOf } from './attempt.ts'
import type { ClaimedHead, Head } from './lane.ts'
import type { AttemptResult } from './send-result.ts'
import type { Sender } from './sender.ts'
import type { Slots } from './slots.ts'

/** An attempt starts within this time of its claim, or not at all: a DELETE takes effect within 2 s. */
const CLAIM_AGE_MS = 1500
/** Given to attempts on the wire before they are aborted, when their partition is let go. */
const DRAIN_MS = 5000

export interface WireParts {
  readonly sender: Pick<Sender, 'send'>
  /** Whether a claim of this head would still find it. May reject. */
  readonly isStillDue: (head: Head) => Promise<boolean>
  readonly ownership: Pick<Held, 'holding' | 'isLeaseHeld'>
  readonly slots: Slots
  readonly onResult: (head: Head, result: AttemptResult) => void
  /** The head was not sent: its lane is as it was. `isStale`: its claim had grown too old before we came to it. */
  readonly onNotSent: (head: Head, isStale: boolean) => void
  readonly clock: () => number
}

/** Sends heads and counts what is on its way. */
export interface Wire {
  /** `claimedAt`: monotonic ms before the head was read. One whose address turns out to have no slot is not sent. */
  send(head: ClaimedHead, claimedAt: number): void
  /** Waits a while for what is on the wire, of one partition or of all, then aborts the rest. Answers how many that were. */
  drain(partition?: number): Promise<number>
}

interface Attempt {
  readonly partition: number
  readonly aborter: AbortController
  readonly ended: Promise<void>
}

export function createWire({ sender, isStillDue, ownership, slots, onResult, onNotSent, clock }: WireParts): Wire {
  const attempts = new Set<Attempt>()

  /** Asked in the tick in which the request is written: lease, epoch and the mark of a DELETE are as they were read. */
  const mayStillSend = (head: Head, readAt: number) =>
    ownership.isLeaseHeld() && ownership.holding().epochs.get(head.partition) === head.epoch && clock() - readAt < CLAIM_AGE_MS

  /** Never rejects: the sender answers every failure as a value. */
  async function send({ eventText, seqOffset, ...head }: ClaimedHead, claimedAt: number, signal: AbortSignal): Promise<void> {
    const body = Buffer.from(bodyOf({ eventText, seqOffset, ...head }))
    // Time lost on our side; what a slow receiver needs to connect says nothing about the size of our claims.
    const isStale = clock() - claimedAt >= CLAIM_AGE_MS
    let readAt = claimedAt
    const renew = async () => {
      const askedAt = clock()
      if (await isStillDue(head).catch(() => false)) readAt = askedAt
    }
    slots.take(head.addressKey, body.length)
    const takenAt = clock()
    const result = await sender.send({
      uuid: head.uuid,
      tenant: head.tenant,
      address: head.address,
      body,
      signal,
      maySend: () => mayStillSend(head, readAt),
      renew,
    })
    const wasSent = result.kind !== 'not_sent' && result.kind !== 'aborted'
    slots.free(head.addressKey, body.length, wasSent ? clock() - takenAt : undefined)
    if (wasSent) onResult(head, result)
    else onNotSent(head, isStale)
  }

  return {
    send(head, claimedAt) {
      if (!slots.admits(head.addressKey, head.address)) {
        onNotSent(head, false)
        return
      }
      const aborter = new AbortController()
      const ended = send(head, claimedAt, aborter.signal).then(() => void attempts.delete(attempt))
      const attempt = { partition: head.partition, aborter, ended }
      attempts.add(attempt)
    },
    async drain(partition) {
      const mine = [...attempts].filter((attempt) => partition === undefined || attempt.partition === partition)
      const ended = Promise.all(mine.map((attempt) => attempt.ended))
      if (await within(DRAIN_MS, ended)) return 0
      const late = mine.filter((attempt) => attempts.has(attempt))
      for (const { aborter } of late) aborter.abort()
      await ended
      return late.length
    },
  }
}
