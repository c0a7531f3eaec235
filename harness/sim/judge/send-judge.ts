import type { SendResult } from '@tidings/server/delivery/send-result.ts'
import { DISPATCHERS, NOTIFICATIONS, PARTITIONS, TARGETS, type NotificationRow } from '../database/schema.ts'
import type { Dispatcher } from '../process/dispatcher-process.ts'
import type { SentRequest } from '../process/sender.ts'
import { createAddressHistory, type AddressHistory } from './address-history.ts'
import { createTurnJudge, type TurnJudgeDeps } from './turn-judge.ts'

export interface SendJudgeDeps extends Omit<TurnJudgeDeps, 'addresses'> {
  /** When the caller got the answer to the DELETE of this subscription, in ms; undefined: it did not. */
  readonly deletedAt: (subscriptionId: number) => number | undefined
}

/** Judges every request in the moment in which it is handed to the network. */
export interface SendJudge {
  onSend(dispatcher: Dispatcher, uuid: string): SentRequest
  readonly sent: number
  readonly addresses: AddressHistory
}

interface Send {
  readonly dispatcher: Dispatcher
  readonly ownerId: string
  readonly epoch: number | undefined
  readonly at: number
  /** What the sender knows. */
  result: SendResult | undefined
}

/** A DELETE takes effect within this time. */
const DELETE_MS = 2000

export function createSendJudge(deps: SendJudgeDeps): SendJudge {
  const { server, now, faults, findings, deletedAt } = deps
  const addresses = createAddressHistory()
  const judgeTurn = createTurnJudge({ ...deps, addresses })
  /** By lane: until when its receiver has asked to be left alone, by the clock of the database. */
  const asked = new Map<string, number>()
  const sends = new Map<string, Send[]>()
  let sent = 0
  const { tables } = server

  function judgeOwner(dispatcher: Dispatcher, { partition, uuid }: NotificationRow): void {
    const { ownerId } = dispatcher.owned()
    const row = tables.get(PARTITIONS, String(partition))
    const lease = tables.get(DISPATCHERS, ownerId)
    if (row?.owner !== ownerId)
      findings.report('owner', `${dispatcher.name} sends ${uuid} of partition ${partition}, which is ${row?.owner}'s`)
    if (!lease || lease.leaseUntil < server.now())
      findings.report('lease', `${dispatcher.name} sends ${uuid} after the end of its lease`)
  }

  function judgeDelete(dispatcher: Dispatcher, { targetId, uuid }: NotificationRow): void {
    const target = tables.get(TARGETS, String(targetId))
    const at = target && deletedAt(target.subscriptionId)
    if (at !== undefined && now() - at > DELETE_MS)
      findings.report('P5', `${dispatcher.name} sends ${uuid} ${Math.round(now() - at)} ms after the DELETE`)
  }

  /** A copy needs a reason: the one who sent before does not know that it arrived, or could not say so. */
  function judgeCopy(before: Send, { dispatcher, ownerId, epoch, at }: Send, uuid: string): void {
    const isSameClaimant = before.dispatcher === dispatcher && before.ownerId === ownerId && before.epoch === epoch
    const wasDelivered = before.result?.kind === 'answered' && before.result.httpStatus < 300
    if (before.result === undefined && isSameClaimant)
      findings.report('P2', `${dispatcher.name} sends ${uuid} while its former request is on the wire`)
    if (!wasDelivered) return
    const who = [before.dispatcher.name, 'database']
    if (isSameClaimant) findings.report('P6', `${dispatcher.name} sends ${uuid} again although it was delivered`)
    else if (!faults.find(who, before.at, at))
      findings.report('P6', `${dispatcher.name} sends ${uuid} again without a fault at ${who.join(' or ')}`)
  }

  return {
    onSend(dispatcher, uuid) {
      const key = uuid.slice(uuid.indexOf(' ') + 1)
      const notification = tables.get(NOTIFICATIONS, key)
      sent += 1
      if (notification?.uuid !== uuid) {
        findings.report('P6', `${dispatcher.name} sends ${uuid}, which is not stored`)
        return { ended: () => undefined }
      }
      const { ownerId, epochs } = dispatcher.owned()
      const send: Send = {
        dispatcher,
        ownerId,
        epoch: epochs.get(notification.partition),
        at: now(),
        result: undefined,
      }
      // A claim that was read before a DELETE may be sent for two seconds more, and the sweep may have come first: P5.
      if (notification.state !== 'waiting' && notification.state !== 'cancelled')
        findings.report('P6', `${dispatcher.name} sends ${uuid}, which is ${notification.state}`)
      judgeOwner(dispatcher, notification)
      const lane = NOTIFICATIONS.groupOf(notification)
      judgeTurn(dispatcher.name, notification, asked.get(lane) ?? -Infinity)
      judgeDelete(dispatcher, notification)
      const former = sends.get(uuid) ?? []
      for (const before of former) judgeCopy(before, send, uuid)
      sends.set(uuid, [...former, send])
      return {
        ended(result) {
          send.result = result
          addresses.heard(tables.get(TARGETS, String(notification.targetId))?.address ?? '', server.now(), result)
          if (result.kind === 'answered') asked.set(lane, server.now() + (result.retryAfterMs ?? 0))
        },
      }
    },
    addresses,
    get sent() {
      return sent
    },
  }
}
