import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { hasCode } from '../../runtime/error-code.ts'
import type { EventRecord } from '../broker.ts'
import { encodeMessage } from './message.ts'
import type { Names } from './names.ts'

/** What became of a message that was handed to a channel. */
export interface Sent {
  readonly fate: 'stored' | 'not_stored' | 'unknown'
  readonly error?: unknown
  /** There is no queue that takes it. */
  readonly isReturned?: boolean
}

/** Messages of one confirm channel. */
export interface Sender {
  /** Sends records of one partition as one message. Resolves with the broker's word on it, for as long as the channel lives. */
  send(records: readonly EventRecord[]): Promise<Sent>
  /**
   * Sends an empty message that no queue gets, for the broker tells a connection only when it publishes that it is blocked.
   * Nobody waits for it; while one is not confirmed, there is no other.
   */
  touch(): void
}

/** Asks the channel to confirm what it is given. */
export async function createSender(channel: Channel, names: Names): Promise<Sender> {
  const returned = new Set<string>()
  let lastId = 0
  let isTouching = false
  channel.on('basic.return', ({ messageId }) => {
    if (messageId !== undefined) returned.add(messageId)
  })
  await channel.confirmSelect()

  async function publish(messageId: string, records: readonly EventRecord[]): Promise<void> {
    const routingKey = names.routingKeyOf(records[0]?.partition ?? 0)
    await channel.basicPublish({ exchange: names.exchange, routingKey, durable: true, mandatory: true, messageId }, encodeMessage(records))
    // The library tells of a returned message one turn later than of the confirm that follows it.
    await nextTurn()
  }

  return {
    async send(records) {
      const messageId = String(++lastId)
      try {
        await publish(messageId, records)
      } catch (error) {
        return { fate: isRefusal(error) ? 'not_stored' : 'unknown', error }
      }
      return returned.delete(messageId) ? { fate: 'not_stored', error: new Error('no queue for it'), isReturned: true } : { fate: 'stored' }
    },
    touch() {
      if (isTouching) return
      isTouching = true
      // One that fails has lost its channel, which is noticed where channels are kept.
      void channel.basicPublish({ exchange: names.exchange, routingKey: names.nobodysRoutingKey }, Buffer.alloc(0)).catch(() => undefined).finally(() => {
        isTouching = false
      })
    },
  }
}

/** The broker says that it has not taken the message. */
const isRefusal = (error: unknown) => hasCode(error, 'NACK')
